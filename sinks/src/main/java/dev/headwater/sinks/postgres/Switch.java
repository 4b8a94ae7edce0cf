package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.PostgresGenerations.execute;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Promotion;
import dev.headwater.sinks.postgres.StateTables.Generation;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gives the readers' name to another generation: outside views, two renames and the state, in one
 * transaction.
 *
 * <p>Renaming a schema locks no table, and prepared statements follow it. A view outside names its
 * tables by their identity, not by their name, so it is made again over the new ones; that waits
 * for the view's readers, so it gives up soon and the whole is tried again. One transaction's.
 */
final class Switch {
  /** Readers queue up behind a view that waits to be replaced. */
  private static final String BRIEF_LOCKS = "SET LOCAL lock_timeout = '200ms'";

  private final Connection connection;
  private final ReplicaNames names;
  private final StateTables state;

  Switch(Connection connection, ReplicaNames names, StateTables state) {
    this.connection = connection;
    this.names = names;
    this.state = state;
  }

  Promotion to(int number, String request, Map<LogPartition, Long> atLeast) throws SQLException {
    state.lockExclusively(connection);
    Optional<Generation> wanted = state.generation(connection, number);
    Optional<Generation> serving = state.serving(connection);
    if (wanted.isEmpty() || wanted.get().state().equals("dropping") || serving.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "Sink '%s' – generation %d is gone".formatted(names.sink(), number),
          "Run `headwater rebuild %s`.".formatted(names.sink()));
    }
    if (wanted.get().isServing()) {
      return Promotion.DONE;
    }
    Optional<String> behind = behind(number, serving.get().number(), atLeast);
    if (behind.isPresent()) {
      return Promotion.waitsFor("for " + behind.get());
    }
    List<String> readers = readersOfOldSnapshots(number);
    if (!readers.isEmpty()) {
      return Promotion.waitsFor("for older transactions: pid " + String.join(", pid ", readers));
    }
    exchange(wanted.get(), serving.get(), request);
    return Promotion.DONE;
  }

  /** What does not stand where it must, if anything. */
  private Optional<String> behind(int number, int serving, Map<LogPartition, Long> atLeast)
      throws SQLException {
    Map<String, Checkpoint> ours = PostgresGenerations.readCheckpoints(connection, names, number);
    Map<String, Checkpoint> theirs =
        PostgresGenerations.readCheckpoints(connection, names, serving);
    for (Map.Entry<LogPartition, Long> must : atLeast.entrySet()) {
      String partition = must.getKey().toString();
      Checkpoint our = ours.get(partition);
      Checkpoint their = theirs.get(partition);
      if (our == null
          || !our.topicId().equals(must.getKey().topicId())
          || our.nextOffset() < must.getValue()
          || (their != null && Finish.isBehind(our, their))) {
        return Optional.of(partition + " to be level");
      }
      if (!our.isSwept()) {
        return Optional.of(partition + " to be swept");
      }
    }
    return Optional.empty();
  }

  /** Empty where none is left; a generation that was parted meanwhile waits for itself. */
  private List<String> readersOfOldSnapshots(int number) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT waits FROM headwater.generation WHERE sink = ? AND generation = ?")) {
      query.setString(1, names.sink());
      query.setInt(2, number);
      try (ResultSet row = query.executeQuery()) {
        Array waits = row.next() ? row.getArray(1) : null;
        return waits == null
            ? List.of("unknown: its writers are being joined again")
            : Finish.stillOpen(connection, names, List.of((String[]) waits.getArray()));
      }
    }
  }

  private void exchange(Generation wanted, Generation serving, String request) throws SQLException {
    Surroundings surroundings = new Surroundings(connection, names, state);
    List<String> views = surroundings.outsideViews();
    execute(connection, BRIEF_LOCKS);
    String aside = names.generation(serving.number());
    if (StateTables.hasSchema(connection, serving.schemaName())) {
      rename(serving.schemaName(), aside);
    }
    rename(wanted.schemaName(), names.schema());
    // Their text names tables by schema: under the readers' name these are the new ones now.
    execute(connection, "SET LOCAL search_path = ''");
    for (String view : views) {
      execute(connection, view);
    }
    // One after the other: one schema name, and one serving generation, at each moment.
    note(serving.number(), aside, "previous", "joined = true, finished = true, waits = NULL");
    String kept = wanted.state().equals("previous") ? ", is_kept = true" : "";
    note(wanted.number(), names.schema(), "serving", "joined = false, waits = NULL" + kept);
    try (PreparedStatement update =
        connection.prepareStatement("UPDATE headwater.sink SET last_request = ? WHERE sink = ?")) {
      update.setString(1, request);
      update.setString(2, names.sink());
      update.executeUpdate();
    }
  }

  private void rename(String from, String to) throws SQLException {
    execute(
        connection,
        "ALTER SCHEMA %s RENAME TO %s".formatted(SqlNames.quote(from), SqlNames.quote(to)));
  }

  private void note(int number, String schemaName, String newState, String more)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE headwater.generation SET schema_name = ?, state = ?, since = now(), "
                + more
                + " WHERE sink = ? AND generation = ?")) {
      update.setString(1, schemaName);
      update.setString(2, newState);
      update.setString(3, names.sink());
      update.setInt(4, number);
      update.executeUpdate();
    }
  }
}

package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.PostgresGenerations.execute;
import static dev.headwater.sinks.postgres.PostgresGenerations.texts;

import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Promotion;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/**
 * Makes a generation at the end of the log ready for readers, a step each time:
 *
 * <ol>
 *   <li>what belongs to the serving tables is copied to its own, and the planner's statistics made;
 *   <li>the two are joined: from then on batches of the serving one go into both;
 *   <li>once every partition stands at or past the serving one, the open transactions are noted. A
 *       snapshot taken later never sees it behind;
 *   <li>those transactions are waited for, as CREATE INDEX CONCURRENTLY does: a REPEATABLE READ
 *       reader among them would find the new tables empty, without an error. Feeding goes on.
 * </ol>
 *
 * One transaction's.
 */
final class Finish {
  /** Open transactions of this database, ours left out, as {@code virtual id, pid}. */
  private static final String OPEN =
      """
      SELECT l.virtualtransaction || ' ' || l.pid FROM pg_catalog.pg_locks l
        JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
       WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
         AND a.datname = pg_catalog.current_database()
         AND (a.application_name IS NULL OR a.application_name <> ?)
       UNION ALL
      SELECT 'prepared ' || p.gid FROM pg_catalog.pg_prepared_xacts p
       WHERE p.database = pg_catalog.current_database()
      """;

  private final Connection connection;
  private final ReplicaNames names;
  private final StateTables state;

  Finish(Connection connection, ReplicaNames names, StateTables state) {
    this.connection = connection;
    this.names = names;
    this.state = state;
  }

  private record Row(boolean finished, boolean joined, List<String> waits, boolean isWaiting) {}

  Promotion step(int number) throws SQLException {
    Row row = read(number);
    if (!row.finished()) {
      return copySurroundings(number);
    }
    if (!row.joined()) {
      state.lockExclusively(connection);
      update(number, "joined = true, waits = NULL");
      return Promotion.waitsFor("for the next batches, which go into both generations");
    }
    if (!row.isWaiting()) {
      return noteOpenTransactions(number);
    }
    List<String> left = stillOpen(connection, names, row.waits());
    return left.isEmpty()
        ? Promotion.DONE
        : Promotion.waitsFor(
            "for transactions older than the new tables' rows: pid " + String.join(", pid ", left));
  }

  private Promotion copySurroundings(int number) throws SQLException {
    // One process copies; the others look again. Long statements hold up nobody but this step.
    List<String> locked =
        texts(
            connection,
            "SELECT pg_catalog.pg_try_advisory_xact_lock("
                + "pg_catalog.hashtextextended(?, 0))::text",
            names.lock() + "/finish");
    if (!locked.contains("true")) {
      return Promotion.waitsFor("for another worker, which makes indexes and statistics");
    }
    if (read(number).finished()) {
      return Promotion.waitsFor("");
    }
    execute(connection, "SET LOCAL statement_timeout = 0");
    Surroundings surroundings = new Surroundings(connection, names, state);
    surroundings.requireSwitchable();
    surroundings.copyTo(number);
    update(number, "finished = true");
    return Promotion.waitsFor("");
  }

  private Promotion noteOpenTransactions(int number) throws SQLException {
    state.lockExclusively(connection);
    int serving = state.serving(connection).map(StateTables.Generation::number).orElse(0);
    Map<String, Checkpoint> theirs =
        PostgresGenerations.readCheckpoints(connection, names, serving);
    Map<String, Checkpoint> ours = PostgresGenerations.readCheckpoints(connection, names, number);
    for (Map.Entry<String, Checkpoint> our : ours.entrySet()) {
      Checkpoint their = theirs.get(our.getKey());
      if (their != null && isBehind(our.getValue(), their)) {
        return Promotion.waitsFor("for " + our.getKey() + " to be level");
      }
    }
    List<String> open = texts(connection, OPEN, "headwater/" + names.sink());
    Array array = connection.createArrayOf("text", open.toArray());
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE headwater.generation SET waits = ? WHERE sink = ? AND generation = ?")) {
      update.setArray(1, array);
      update.setString(2, names.sink());
      update.setInt(3, number);
      update.executeUpdate();
    }
    return open.isEmpty() ? Promotion.DONE : Promotion.waitsFor("for open transactions");
  }

  static boolean isBehind(Checkpoint ours, Checkpoint theirs) {
    return ours.topicId().equals(theirs.topicId()) && ours.nextOffset() < theirs.nextOffset();
  }

  /** The pids and prepared transactions of those noted that are still there. */
  static List<String> stillOpen(Connection connection, ReplicaNames names, List<String> noted)
      throws SQLException {
    if (noted.isEmpty()) {
      return List.of();
    }
    List<String> open = texts(connection, OPEN, "headwater/" + names.sink());
    return noted.stream()
        .filter(open::contains)
        .map(each -> each.substring(each.indexOf(' ') + 1))
        .toList();
  }

  private Row read(int number) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT finished, joined, waits FROM headwater.generation"
                + " WHERE sink = ? AND generation = ?")) {
      query.setString(1, names.sink());
      query.setInt(2, number);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return new Row(true, true, List.of(), true);
        }
        Array waits = row.getArray(3);
        return new Row(
            row.getBoolean(1),
            row.getBoolean(2),
            waits == null ? List.of() : List.of((String[]) waits.getArray()),
            waits != null);
      }
    }
  }

  private void update(int number, String set) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE headwater.generation SET " + set + " WHERE sink = ? AND generation = ?")) {
      update.setString(1, names.sink());
      update.setInt(2, number);
      update.executeUpdate();
    }
  }
}

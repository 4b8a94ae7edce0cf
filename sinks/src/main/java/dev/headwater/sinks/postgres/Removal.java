package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.PostgresGenerations.texts;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.Promotion;
import dev.headwater.sinks.postgres.StateTables.Generation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Optional;

/**
 * Drops a generation that does not serve: first its checkpoints, so that nobody feeds it; then its
 * views and tables, one in a transaction and never with CASCADE, each when no reader has it; then
 * its schema. One transaction's, a piece each.
 */
final class Removal {
  private static final String BRIEF_LOCKS = "SET LOCAL lock_timeout = '200ms'";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String IS_NEEDED = "2BP01";

  private final Connection connection;
  private final ReplicaNames names;
  private final StateTables state;

  Removal(Connection connection, ReplicaNames names, StateTables state) {
    this.connection = connection;
    this.names = names;
    this.state = state;
  }

  Promotion step(int number, String request) throws SQLException {
    state.lockExclusively(connection);
    Optional<Generation> found = state.generation(connection, number);
    if (!request.isEmpty()) {
      execute("UPDATE headwater.sink SET last_request = ? WHERE sink = ?", request, names.sink());
    }
    if (found.isEmpty()) {
      return Promotion.DONE;
    }
    Generation generation = found.get();
    if (generation.isServing()) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "Sink '%s' – generation %d serves and is not dropped".formatted(names.sink(), number),
          "Nothing to do.");
    }
    if (!generation.state().equals("dropping")) {
      execute(
          "DELETE FROM headwater.checkpoint WHERE sink = ? AND generation = ?",
          names.sink(),
          number);
      execute(
          "UPDATE headwater.generation SET state = 'dropping', joined = false, since = now()"
              + " WHERE sink = ? AND generation = ?",
          names.sink(),
          number);
      return Promotion.waitsFor("");
    }
    return dropNext(generation);
  }

  private Promotion dropNext(Generation generation) throws SQLException {
    String schema = generation.schemaName();
    if (StateTables.hasSchema(connection, schema)) {
      List<String> relations =
          texts(
              connection,
              """
              SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' ELSE 'TABLE ' END
                     || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = ? AND (c.relkind = 'v' OR c.relname IN
                     (SELECT table_name FROM headwater.replica_table
                       WHERE sink = ? AND generation = ?))
               ORDER BY c.relkind = 'v' DESC, c.oid DESC
              """,
              schema,
              names.sink(),
              generation.number());
      String next = relations.isEmpty() ? "SCHEMA " + SqlNames.quote(schema) : relations.get(0);
      Optional<String> inTheWay = dropGently("DROP " + next + " RESTRICT");
      if (inTheWay.isPresent()) {
        return Promotion.waitsFor(inTheWay.get());
      }
      if (!relations.isEmpty()) {
        return Promotion.waitsFor("");
      }
    }
    execute(
        "DELETE FROM headwater.replica_table WHERE sink = ? AND generation = ?",
        names.sink(),
        generation.number());
    execute(
        "DELETE FROM headwater.generation WHERE sink = ? AND generation = ?",
        names.sink(),
        generation.number());
    return Promotion.DONE;
  }

  /** What is in the way, if anything; the transaction stays good. */
  private Optional<String> dropGently(String sql) throws SQLException {
    PostgresGenerations.execute(connection, BRIEF_LOCKS);
    Savepoint before = connection.setSavepoint();
    try {
      PostgresGenerations.execute(connection, sql);
      return Optional.empty();
    } catch (SQLException e) {
      connection.rollback(before);
      if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        return Optional.of("for readers of the old tables");
      }
      if (IS_NEEDED.equals(e.getSQLState())) {
        return Optional.of("for somebody else's objects: '" + sql + "' is refused");
      }
      throw e;
    }
  }

  private void execute(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      statement.executeUpdate();
    }
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.schema.TableSchemaJson;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * The schema {@code headwater} of a target: which generations each sink has, what their tables were
 * made from, and how far each partition is applied. It is kept beside the rows, so that the two are
 * lost or restored together.
 *
 * <pre>
 * generation     sink, generation | schema_name (what its schema is called at the moment), state
 * replica_table  sink, generation, source table | table_name, definition (the newest schema)
 * checkpoint     sink, generation, topic, partition | topic_id, next_offset, level_at_ms, owner
 * </pre>
 *
 * A generation is found by its number under the sink's advisory lock, never by the name readers
 * use. The first generation is born serving: there is nothing else to read. A later one is made as
 * {@code building} in {@code <schema>_g2} with checkpoints of its own and switched to by one
 * transaction that holds the lock exclusively: two {@code ALTER SCHEMA … RENAME} and the three
 * columns {@code schema_name} and {@code state} of the two rows here. Whoever waited for the lock
 * then finds its generation under its new name.
 */
final class StateTables {
  /** One generation as it stands. */
  record Generation(int number, String schemaName) {}

  /** Says what form the tables have; another form is another version's. */
  private static final String FORMAT = "Headwater state, format 1";

  private static final String DDL =
      """
      CREATE SCHEMA IF NOT EXISTS headwater;
      CREATE TABLE headwater.generation (
        sink text NOT NULL,
        generation int NOT NULL,
        readers_schema text NOT NULL,
        schema_name text NOT NULL UNIQUE,
        state text NOT NULL CHECK (state IN ('building', 'serving', 'previous')),
        made_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (sink, generation));
      CREATE UNIQUE INDEX generation_serving ON headwater.generation (sink)
        WHERE state = 'serving';
      CREATE TABLE headwater.replica_table (
        sink text NOT NULL,
        generation int NOT NULL,
        connector text NOT NULL,
        source_schema text NOT NULL,
        source_table text NOT NULL,
        table_name text NOT NULL,
        definition text NOT NULL,
        PRIMARY KEY (sink, generation, connector, source_schema, source_table),
        UNIQUE (sink, generation, table_name));
      CREATE TABLE headwater.checkpoint (
        sink text NOT NULL,
        generation int NOT NULL,
        topic text NOT NULL,
        partition int NOT NULL,
        connector text NOT NULL,
        source_schema text NOT NULL,
        source_table text NOT NULL,
        topic_id text,
        next_offset bigint,
        level_at_ms bigint,
        owner text NOT NULL,
        PRIMARY KEY (sink, generation, topic, partition)) WITH (fillfactor = 50);
      COMMENT ON SCHEMA headwater IS '%s';
      """
          .formatted(FORMAT);

  private static final String SET_DDL_SCHEMA_ONLY = "CREATE SCHEMA IF NOT EXISTS headwater;";

  private final ReplicaNames names;

  StateTables(ReplicaNames names) {
    this.names = names;
  }

  /** Takes the sink's lock for making or renaming; held until the transaction ends. */
  void lockExclusively(Connection connection) throws SQLException {
    lock(connection, names.lock());
  }

  /** Makes the tables if they are not there. */
  void ensure(Connection connection) throws SQLException {
    if (isMade(connection)) {
      return;
    }
    lock(connection, "headwater");
    if (isMade(connection)) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      // A schema made for us by an owner of the database is used as it is: making it again would
      // ask for a right that is not needed.
      statement.execute(
          hasSchema(connection, ReplicaNames.STATE) ? DDL.replace(SET_DDL_SCHEMA_ONLY, "") : DDL);
    }
  }

  /** The generation readers see; empty before the first table. */
  Optional<Generation> serving(Connection connection) throws SQLException {
    String sql =
        "SELECT generation, schema_name, readers_schema FROM headwater.generation"
            + " WHERE sink = ? AND state = 'serving'";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.sink());
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        if (!row.getString(3).equals(names.schema())) {
          throw new HeadwaterException(
              FailureCode.TARGET_NOT_READY,
              "Sink '%s' – its replica was made for readers of schema '%s', not '%s'"
                  .formatted(names.sink(), row.getString(3), names.schema()),
              "Set schema back, or give the sink another name to begin a new replica.");
        }
        return Optional.of(new Generation(row.getInt(1), row.getString(2)));
      }
    }
  }

  /** Notes the first generation, which serves from the start. */
  Generation addFirst(Connection connection) throws SQLException {
    String taken = "SELECT sink FROM headwater.generation WHERE schema_name = ?";
    try (PreparedStatement query = connection.prepareStatement(taken)) {
      query.setString(1, names.schema());
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          throw new HeadwaterException(
              FailureCode.TARGET_NOT_READY,
              "Sink '%s' – schema '%s' already holds the replica of sink '%s'"
                  .formatted(names.sink(), names.schema(), row.getString(1)),
              "Give each sink a schema of its own.");
        }
      }
    }
    String sql =
        "INSERT INTO headwater.generation (sink, generation, readers_schema, schema_name, state)"
            + " VALUES (?, 1, ?, ?, 'serving')";
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      insert.setString(1, names.sink());
      insert.setString(2, names.schema());
      insert.setString(3, names.schema());
      insert.executeUpdate();
    }
    return new Generation(1, names.schema());
  }

  /** The newest schema a generation's table was made for; empty if it has no such table. */
  Optional<TableSchema> definition(Connection connection, int generation, TableId table)
      throws SQLException {
    String sql =
        "SELECT definition FROM headwater.replica_table WHERE sink = ? AND generation = ?"
            + " AND connector = ? AND source_schema = ? AND source_table = ?";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      setTable(query, 1, generation, table);
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(TableSchemaJson.parse(row.getString(1).getBytes(StandardCharsets.UTF_8)))
            : Optional.empty();
      }
    }
  }

  /** Which source table a generation's table of this name belongs to. */
  Optional<TableId> ownerOf(Connection connection, int generation, String tableName)
      throws SQLException {
    String sql =
        "SELECT connector, source_schema, source_table FROM headwater.replica_table"
            + " WHERE sink = ? AND generation = ? AND table_name = ?";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.sink());
      query.setInt(2, generation);
      query.setString(3, tableName);
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(new TableId(row.getString(1), row.getString(2), row.getString(3)))
            : Optional.empty();
      }
    }
  }

  /** Notes what a table was made, or changed, for. */
  void storeDefinition(Connection connection, int generation, String tableName, TableSchema schema)
      throws SQLException {
    String sql =
        "INSERT INTO headwater.replica_table (sink, generation, connector, source_schema,"
            + " source_table, table_name, definition) VALUES (?, ?, ?, ?, ?, ?, ?)"
            + " ON CONFLICT (sink, generation, connector, source_schema, source_table)"
            + " DO UPDATE SET definition = EXCLUDED.definition";
    try (PreparedStatement upsert = connection.prepareStatement(sql)) {
      setTable(upsert, 1, generation, schema.table());
      upsert.setString(6, tableName);
      upsert.setString(7, new String(TableSchemaJson.write(schema), StandardCharsets.UTF_8));
      upsert.executeUpdate();
    }
  }

  /** Forgets how far a table was applied, and fences whoever writes it. */
  void resetCheckpoints(Connection connection, int generation, TableId table) throws SQLException {
    String sql =
        "UPDATE headwater.checkpoint SET topic_id = NULL, next_offset = NULL, level_at_ms = NULL,"
            + " owner = '' WHERE sink = ? AND generation = ?"
            + " AND connector = ? AND source_schema = ? AND source_table = ?";
    try (PreparedStatement update = connection.prepareStatement(sql)) {
      setTable(update, 1, generation, table);
      update.executeUpdate();
    }
  }

  static boolean hasSchema(Connection connection, String name) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?")) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  private void setTable(PreparedStatement statement, int first, int generation, TableId table)
      throws SQLException {
    statement.setString(first, names.sink());
    statement.setInt(first + 1, generation);
    statement.setString(first + 2, table.connector());
    statement.setString(first + 3, table.schema());
    statement.setString(first + 4, table.name());
  }

  private static void lock(Connection connection, String key) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(?, 0))")) {
      lock.setString(1, key);
      lock.execute();
    }
  }

  private boolean isMade(Connection connection) throws SQLException {
    String sql =
        "SELECT pg_catalog.obj_description(n.oid, 'pg_namespace'),"
            + " pg_catalog.to_regclass('headwater.generation') IS NOT NULL"
            + " FROM pg_catalog.pg_namespace n WHERE n.nspname = 'headwater'";
    try (Statement query = connection.createStatement();
        ResultSet row = query.executeQuery(sql)) {
      if (!row.next() || !row.getBoolean(2)) {
        return false;
      }
      if (!FORMAT.equals(row.getString(1))) {
        throw new HeadwaterException(
            FailureCode.TARGET_NOT_READY,
            "Sink '%s' – schema 'headwater' of the target is of another form than '%s'"
                .formatted(names.sink(), FORMAT),
            "Run the version of Headwater that made it, or drop the schema to begin anew.");
      }
      return true;
    }
  }
}

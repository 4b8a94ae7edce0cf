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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The schema {@code headwater} of a target: which generations each sink has, what their tables were
 * made from, and how far each partition is applied. It is kept beside the rows, so that the two are
 * lost or restored together.
 *
 * <pre>
 * sink           sink | last_generation, last_request (what was carried out, or begun, last)
 * generation     sink, generation | schema_name (what its schema is called at the moment), state,
 *                definition (what it is made by), finished, joined, waits
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
 *
 * <p>Of a generation that does not serve, {@code finished} says that it has the serving one's
 * indexes, views and rights; {@code joined}, that the serving one's writers feed it too, each batch
 * into both in one transaction; {@code waits} names the transactions that were open when every
 * partition was joined, and may look at the target as it was before: null before that.
 */
final class StateTables {
  /** One generation as it stands. */
  record Generation(int number, String schemaName, String state) {
    boolean isServing() {
      return state.equals("serving");
    }
  }

  /** Says what form the tables have; another form is another version's. */
  private static final String FORMAT = "Headwater state, format 2";

  private static final String DDL =
      """
      CREATE SCHEMA IF NOT EXISTS headwater;
      CREATE TABLE headwater.sink (
        sink text PRIMARY KEY,
        last_generation int NOT NULL,
        last_request text NOT NULL);
      CREATE TABLE headwater.generation (
        sink text NOT NULL,
        generation int NOT NULL,
        readers_schema text NOT NULL,
        schema_name text NOT NULL UNIQUE,
        state text NOT NULL CHECK (state IN ('building', 'serving', 'previous', 'dropping')),
        definition text NOT NULL,
        request text NOT NULL,
        is_kept boolean NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        finished boolean NOT NULL DEFAULT false,
        joined boolean NOT NULL DEFAULT false,
        waits text[],
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

  /** The generations there are, by number; none before the first. */
  List<Generation> generations(Connection connection) throws SQLException {
    String sql =
        "SELECT generation, schema_name, state, readers_schema FROM headwater.generation"
            + " WHERE sink = ? ORDER BY generation";
    List<Generation> found = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.sink());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          if (!row.getString(4).equals(names.schema())) {
            throw new HeadwaterException(
                FailureCode.TARGET_NOT_READY,
                "Sink '%s' – its replica was made for readers of schema '%s', not '%s'"
                    .formatted(names.sink(), row.getString(4), names.schema()),
                "Set schema back, or give the sink another name to begin a new replica.");
          }
          found.add(new Generation(row.getInt(1), row.getString(2), row.getString(3)));
        }
      }
    }
    return found;
  }

  /** A generation by its number. */
  Optional<Generation> generation(Connection connection, int number) throws SQLException {
    return generations(connection).stream().filter(g -> g.number() == number).findFirst();
  }

  /** The generation readers see; empty before the first table. */
  Optional<Generation> serving(Connection connection) throws SQLException {
    return generations(connection).stream().filter(Generation::isServing).findFirst();
  }

  /** Notes the first generation, which serves from the start. */
  Generation addFirst(Connection connection, String request, String definition)
      throws SQLException {
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
    return add(connection, names.schema(), "serving", request, definition, false);
  }

  /** Notes a generation under the next number, and who asked for it. */
  Generation add(
      Connection connection,
      @Nullable String schemaName,
      String stateName,
      String request,
      String definition,
      boolean isKept)
      throws SQLException {
    int number = nextNumber(connection, request);
    String called = schemaName == null ? names.generation(number) : schemaName;
    String sql =
        "INSERT INTO headwater.generation (sink, generation, readers_schema, schema_name, state,"
            + " definition, request, is_kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      insert.setString(1, names.sink());
      insert.setInt(2, number);
      insert.setString(3, names.schema());
      insert.setString(4, called);
      insert.setString(5, stateName);
      insert.setString(6, definition);
      insert.setString(7, request);
      insert.setBoolean(8, isKept);
      insert.executeUpdate();
    }
    return new Generation(number, called, stateName);
  }

  private int nextNumber(Connection connection, String request) throws SQLException {
    String sql =
        "INSERT INTO headwater.sink AS s (sink, last_generation, last_request) VALUES (?, 1, ?)"
            + " ON CONFLICT (sink) DO UPDATE SET last_generation = s.last_generation + 1,"
            + " last_request = EXCLUDED.last_request RETURNING last_generation";
    try (PreparedStatement upsert = connection.prepareStatement(sql)) {
      upsert.setString(1, names.sink());
      upsert.setString(2, request);
      try (ResultSet row = upsert.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
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

  /**
   * Takes the sink's lock as a batch does: nothing is made or renamed until the transaction ends.
   */
  void lockShared(Connection connection) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(?, 0))")) {
      lock.setString(1, names.lock());
      lock.execute();
    }
  }

  /** A generation as it stands, asked by somebody who makes nothing. */
  Optional<Generation> look(Connection connection, int number) throws SQLException {
    return isMade(connection) ? generation(connection, number) : Optional.empty();
  }

  static void lock(Connection connection, String key) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(?, 0))")) {
      lock.setString(1, key);
      lock.execute();
    }
  }

  boolean isMade(Connection connection) throws SQLException {
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

package dev.headwater.sinks.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a replica remembers of itself, in the schema {@code headwater} of the target: its
 * generations, and how far each partition is in them.
 */
final class ReplicaState {
  static final int GENERATION = 1;

  /** Serialises the making of our own tables: "hwstate" as bytes. */
  private static final long MAKING = 0x68777374617465L;

  private final String sink;
  private final String schema;

  ReplicaState(String sink, String schema) {
    this.sink = sink;
    this.schema = schema;
  }

  /** Makes our own tables and the first generation where they are missing. */
  void make(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_advisory_xact_lock(" + MAKING + ")");
      statement.execute(
          "CREATE SCHEMA IF NOT EXISTS headwater;"
              + "CREATE TABLE IF NOT EXISTS headwater.generation (sink text, generation int,"
              + " schema_name text NOT NULL, PRIMARY KEY (sink, generation));"
              + "CREATE TABLE IF NOT EXISTS headwater.checkpoint (sink text, generation int,"
              + " topic text, partition int, owner text NOT NULL, topic_id text,"
              + " next_offset bigint, level_at_ms bigint,"
              + " PRIMARY KEY (sink, generation, topic, partition));"
              + "CREATE SCHEMA IF NOT EXISTS "
              + SqlNames.quote(schema));
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO headwater.generation VALUES (?, ?, ?) ON CONFLICT DO NOTHING")) {
      statement.setString(1, sink);
      statement.setInt(2, GENERATION);
      statement.setString(3, schema);
      statement.execute();
    }
  }

  /** The schema of the generation's tables, held as it is until the transaction ends. */
  String schemaOf(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT schema_name FROM headwater.generation WHERE sink = ? AND generation = ?"
                + " FOR SHARE")) {
      statement.setString(1, sink);
      statement.setInt(2, GENERATION);
      try (ResultSet rs = statement.executeQuery()) {
        if (!rs.next()) {
          throw new SQLException("generation " + GENERATION + " of " + sink + " is gone", "42P01");
        }
        return rs.getString(1);
      }
    }
  }
}

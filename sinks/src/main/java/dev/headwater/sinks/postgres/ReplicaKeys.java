package dev.headwater.sinks.postgres;

import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.KeyScan;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Lists the keys of a generation's table: copied out as PostgreSQL's text and encoded as the log
 * encodes the source's. One snapshot, one session; nothing but a read lock on the table.
 */
final class ReplicaKeys implements KeyScan {
  private static final int PATIENCE = 5;

  private final PostgresSink sink;
  private final StateTables state;
  private final int generation;

  ReplicaKeys(PostgresSink sink, StateTables state, int generation) {
    this.sink = sink;
    this.state = state;
    this.generation = generation;
  }

  @Override
  public void keys(TableSchema schema, Receiver receiver) {
    ReplicaTable table = sink.preparedTable(schema.table()).table();
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      boolean isWhole =
          sink.inTransaction(
              "listing the keys of table '" + table.name() + "'",
              connection -> copy(connection, schema, table, receiver));
      if (isWhole) {
        return;
      }
    }
    throw new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        "Sink '%s' – its schemas keep being renamed while keys are listed".formatted(sink.name()),
        "It is tried again by itself.");
  }

  /** Whether the table that was read is the generation's still: names move with a switch. */
  private boolean copy(
      Connection connection, TableSchema schema, ReplicaTable table, Receiver receiver)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL statement_timeout = 0");
      statement.execute("SET LOCAL extra_float_digits = 3");
      statement.execute("SET LOCAL bytea_output = 'hex'");
    }
    Optional<Long> before = tableOid(connection, table);
    if (before.isEmpty()) {
      return true;
    }
    String schemaName =
        state
            .generation(connection, generation)
            .map(StateTables.Generation::schemaName)
            .orElseThrow();
    String sql =
        "COPY (SELECT %s FROM ONLY %s) TO STDOUT"
            .formatted(SqlNames.list(schema.key()), SqlNames.qualified(schemaName, table.name()));
    // Two keys may differ by more than their equality says; their text is the log's key.
    RowEncoder encoder = new RowEncoder(keyOnly(schema), Map.of());
    CopyTextReader line = new CopyTextReader(schema.key().size());
    CopyOut copy = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql);
    try {
      for (byte[] row = copy.readFromCopy(); row != null; row = copy.readFromCopy()) {
        line.read(row, 0, row.length);
        line.writeTo(encoder);
        receiver.key(encoder.key());
      }
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
    return before.equals(tableOid(connection, table));
  }

  /** The schema with its key columns alone, in key order: what the lines have. */
  private static TableSchema keyOnly(TableSchema schema) {
    List<ColumnSchema> columns =
        schema.key().stream().map(name -> schema.columns().get(schema.indexOf(name))).toList();
    TableId id = schema.table();
    return new TableSchema(id, schema.version(), columns, schema.key());
  }

  private Optional<Long> tableOid(Connection connection, ReplicaTable table) throws SQLException {
    String sql =
        """
        SELECT c.oid FROM headwater.generation g
          JOIN pg_catalog.pg_namespace n ON n.nspname = g.schema_name
          JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ?
         WHERE g.sink = ? AND g.generation = ?
        """;
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, table.name());
      query.setString(2, sink.name());
      query.setInt(3, generation);
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
      }
    }
  }
}

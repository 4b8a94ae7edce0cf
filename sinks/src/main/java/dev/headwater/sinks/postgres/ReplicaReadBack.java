package dev.headwater.sinks.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyOut;

/**
 * Reads one generation of the replica back.
 *
 * <p>A row's name is its table's and, behind a zero byte, its key as the log writes it, made from
 * the replica's text by the log's own codec. Its content is the text of each column that the sink
 * writes: the log's side by the same forms that write it, the replica's as PostgreSQL prints it.
 * Columns that somebody added by hand are left alone.
 */
final class ReplicaReadBack implements ReadBack {
  private final PostgresSink sink;
  private final ReplicaNames names;
  private final StateTables state;
  private final int generation;

  /** Labels matter to writers only. */
  private final EnumLabels labels = new EnumLabels();

  private final Map<TableId, Map<Integer, TableSchema>> schemas = new ConcurrentHashMap<>();
  private final Map<TableId, Optional<ReplicaTable>> tables = new ConcurrentHashMap<>();
  private final ThreadLocal<Map<TableSchema, ExpectedRow>> expected =
      ThreadLocal.withInitial(HashMap::new);

  ReplicaReadBack(PostgresSink sink, ReplicaNames names, StateTables state, int generation) {
    this.sink = sink;
    this.names = names;
    this.state = state;
    this.generation = generation;
  }

  @Override
  public void learn(TableSchema schema) {
    schemas
        .computeIfAbsent(schema.table(), table -> new ConcurrentHashMap<>())
        .put(schema.version(), schema);
  }

  @Override
  public byte[] name(TableId table, byte[] key) {
    byte[] prefix = (table + "\0").getBytes(UTF_8);
    return ByteBuffer.allocate(prefix.length + key.length).put(prefix).put(key).array();
  }

  @Override
  public Optional<Row> rowOf(byte[] name) {
    String text = new String(name, UTF_8);
    int end = text.indexOf('\0');
    return schemas.keySet().stream()
        .filter(table -> table.toString().equals(text.substring(0, end)))
        .findFirst()
        .map(table -> new Row(table, text.substring(end + 1).getBytes(UTF_8)));
  }

  @Override
  public boolean hasStrangers() {
    return false;
  }

  @Override
  public Content expected(TableId table, FoldedRow row) {
    Optional<ReplicaTable> replica = table(table);
    if (replica.isEmpty()) {
      return Content.alien("a row of a table that is not there");
    }
    TableSchema version = schemas.get(table).get(row.schemaVersion());
    return expected
        .get()
        .computeIfAbsent(version, v -> new ExpectedRow(replica.get(), v, labels))
        .of(row);
  }

  @Override
  public void scan(Visitor visitor) {
    for (TableId table : schemas.keySet()) {
      Optional<ReplicaTable> replica = table(table);
      if (replica.isPresent()) {
        sink.read(
            "reading table '" + table + "' back", c -> scan(c, table, replica.get(), visitor));
      }
    }
  }

  private boolean scan(Connection connection, TableId table, ReplicaTable replica, Visitor visitor)
      throws SQLException {
    Optional<StateTables.Generation> own = state.look(connection, generation);
    if (own.isEmpty()) {
      return false;
    }
    try (Statement statement = connection.createStatement()) {
      // However large the table is: nobody waits for this but whoever asked for it.
      statement.execute("SET LOCAL statement_timeout = 0");
    }
    RowEncoder keys = new RowEncoder(keyColumns(newest(table)), Map.of());
    String sql =
        "COPY (SELECT %s, %s FROM %s) TO STDOUT"
            .formatted(
                SqlNames.list(newest(table).key()),
                SqlNames.list(replica.columnNames()),
                SqlNames.qualified(own.get().schemaName(), replica.name()));
    CopyOut copy = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql);
    try {
      int keyColumns = replica.key().size();
      byte[][] columnNames = columnNames(replica);
      CopyTextReader line = new CopyTextReader(keyColumns + columnNames.length);
      for (byte[] text = copy.readFromCopy(); text != null; text = copy.readFromCopy()) {
        line.read(text, 0, text.length);
        keys.start();
        for (int i = 0; i < keyColumns; i++) {
          keys.value(i, line.array(), line.from(i), line.to(i));
        }
        Content.Columns row = new Content.Columns();
        for (int i = 0; i < columnNames.length; i++) {
          int at = keyColumns + i;
          if (line.isNull(at)) {
            row.add(columnNames[i], null);
          } else {
            row.add(columnNames[i], line.array(), line.from(at), line.to(at));
          }
        }
        visitor.row(name(table, keys.key()), row.build());
      }
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
    return true;
  }

  private static byte[][] columnNames(ReplicaTable replica) {
    return replica.columnNames().stream().map(n -> n.getBytes(UTF_8)).toArray(byte[][]::new);
  }

  /** The key's columns as a table of their own. */
  private static TableSchema keyColumns(TableSchema schema) {
    return new TableSchema(
        schema.table(),
        schema.version(),
        schema.key().stream().map(name -> schema.columns().get(schema.indexOf(name))).toList(),
        schema.key());
  }

  private TableSchema newest(TableId table) {
    return schemas.get(table).values().stream()
        .max(Comparator.comparingInt(TableSchema::version))
        .orElseThrow();
  }

  @Override
  public Look look(LogPartition partition, List<byte[]> rows) {
    Optional<ReplicaTable> replica = table(partition.table());
    if (replica.isEmpty()) {
      return new Look(
          OptionalLong.empty(),
          OptionalLong.empty(),
          System.currentTimeMillis(),
          rows.stream().map(row -> Optional.<Content>empty()).toList());
    }
    return sink.read(
        "reading rows of '" + partition.table() + "' back",
        connection -> look(connection, replica.get(), partition, rows));
  }

  private Look look(
      Connection connection, ReplicaTable replica, LogPartition partition, List<byte[]> rows)
      throws SQLException {
    // Whoever renames schemas waits, so that the name stays this generation's until the end.
    state.lockShared(connection);
    String schemaName =
        state
            .look(connection, generation)
            .map(StateTables.Generation::schemaName)
            .orElseThrow(
                () ->
                    new HeadwaterException(
                        FailureCode.TARGET_NOT_READY,
                        "Sink '%s' – its generation %d is gone from the target"
                            .formatted(names.sink(), generation),
                        "Verify again: another generation serves by now."));
    String[][] keys = keyTexts(partition.table(), replica, rows);
    String sql = new RowStatements(schemaName, replica).look();
    try (PreparedStatement look = connection.prepareStatement(sql)) {
      // Never prepared on the server, so that all values come as the text they are compared by.
      look.unwrap(PGStatement.class).setPrepareThreshold(0);
      int parameter = 1;
      for (String[] column : keys) {
        look.setArray(parameter++, connection.createArrayOf("text", column));
      }
      look.setString(parameter++, names.sink());
      look.setInt(parameter++, generation);
      look.setString(parameter++, partition.topic());
      look.setInt(parameter, partition.partition());
      try (ResultSet found = look.executeQuery()) {
        return read(found, replica, partition, rows.size());
      }
    }
  }

  /** The keys' texts, column by column. */
  private String[][] keyTexts(TableId table, ReplicaTable replica, List<byte[]> rows) {
    TableSchema schema = keyColumns(newest(table));
    RowText text = new RowText(schema.columns(), labels);
    String[][] keys = new String[replica.key().size()][Math.max(1, rows.size())];
    for (int row = 0; row < rows.size(); row++) {
      text.read(rowOf(rows.get(row)).orElseThrow().key(), Optional.empty());
      for (int column = 0; column < keys.length; column++) {
        keys[column][row] = text.string(column);
      }
    }
    return keys;
  }

  private static Look read(ResultSet found, ReplicaTable replica, LogPartition partition, int rows)
      throws SQLException {
    List<Optional<Content>> contents = new ArrayList<>();
    OptionalLong offset = OptionalLong.empty();
    long now = 0;
    byte[][] columnNames = columnNames(replica);
    while (found.next()) {
      now = found.getLong(1);
      if (partition.topicId().equals(found.getString(2))) {
        offset = OptionalLong.of(found.getLong(3));
      }
      if (found.getString(4) == null) {
        contents.add(Optional.empty());
        continue;
      }
      Content.Columns row = new Content.Columns();
      for (int i = 0; i < columnNames.length; i++) {
        String value = found.getString(5 + i);
        row.add(columnNames[i], value == null ? null : value.getBytes(UTF_8));
      }
      contents.add(Optional.of(row.build()));
    }
    return new Look(offset, offset, now, contents.subList(0, rows));
  }

  /** How the table stands in the target, looked at once; empty where it is not there. */
  private Optional<ReplicaTable> table(TableId table) {
    Optional<ReplicaTable> known = tables.get(table);
    if (known != null && known.isPresent()) {
      return known;
    }
    Optional<ReplicaTable> found =
        sink.read(
            "looking for table '" + table + "'",
            connection -> {
              Optional<StateTables.Generation> own = state.look(connection, generation);
              return own.isEmpty()
                  ? Optional.<ReplicaTable>empty()
                  : new ReplicaTables(connection, names, state, labels).find(own.get(), table);
            });
    tables.put(table, found);
    return found;
  }

  @Override
  public void close() {
    expected.remove();
  }

  /** Rows of one schema version as the replica should have them; one thread's. */
  private static final class ExpectedRow {
    private final RowText text;
    private final int[] places;
    private final byte[][] columnNames;

    ExpectedRow(ReplicaTable replica, TableSchema version, EnumLabels labels) {
      this.text = new RowText(version.columns(), labels);
      this.places = replica.placesIn(version);
      this.columnNames = columnNames(replica);
    }

    Content of(FoldedRow row) {
      text.read(Objects.requireNonNull(row.value()), row.nulls());
      Content.Columns columns = new Content.Columns();
      for (int i = 0; i < places.length; i++) {
        if (places[i] < 0) {
          columns.add(columnNames[i], null);
        } else {
          text.addTo(columns, columnNames[i], places[i]);
        }
      }
      return columns.build();
    }
  }
}

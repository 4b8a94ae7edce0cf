package dev.headwater.cli.verify;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.SourceConnection;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.JsonBuffer;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePositionJson;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.JsonFields;
import dev.headwater.sinks.ReadBack;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads a connector's tables at the source, by the codec and with the masks that fill the log, so
 * that the log can be compared with them.
 *
 * <p>A row is read at a position that is known between two bounds: what the log held before the
 * read had been committed by then, and what the log holds once capture has passed the write-ahead
 * log's end after the read was committed before or during it. A commit is in the write-ahead log a
 * moment before others see it; so a row is called wrong only when it was so twice.
 *
 * <p>Tables are read in stretches of pages, each in a snapshot of its own, so that no snapshot of
 * ours grows old at the source. A row that moves between two stretches is only suspect. One
 * session; one thread at a time.
 */
public final class SourceReadBack implements ReadBack {
  /** 128 MiB of pages. */
  private static final int PAGES_PER_STRETCH = 16_384;

  /** The first version that goes to a range of pages directly. */
  private static final int RANGE_SCANS_SINCE = 140_000;

  private static final long POSITION_EVERY_MS = 300;
  private static final Duration CAPTURE_LIMIT = Duration.ofSeconds(30);

  private final CaptureConfig config;
  private final LogConnection log;
  private final Connection connection;
  private final Map<TableId, TableSchema> schemas = new ConcurrentHashMap<>();

  private SourceReadBack(CaptureConfig config, LogConnection log, Connection connection) {
    this.config = config;
    this.log = log;
    this.connection = connection;
  }

  /** Connects to a connector's database. */
  public static SourceReadBack open(CaptureConfig config, LogConnection log) {
    Connection connection = SourceConnection.open(config);
    SourceReadBack source = new SourceReadBack(config, log, connection);
    try (Statement statement = connection.createStatement()) {
      statement.execute(SourceSession.sql());
      statement.execute("SET default_transaction_read_only = on");
      return source;
    } catch (SQLException e) {
      source.close();
      throw source.failure(e);
    }
  }

  @Override
  public void learn(TableSchema schema) {
    schemas.merge(
        schema.table(),
        schema,
        (a, b) -> Comparator.comparingInt(TableSchema::version).compare(a, b) >= 0 ? a : b);
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

  /** The row as the newest schema has it: a column that came later was NULL. */
  @Override
  public Content expected(TableId table, FoldedRow row) {
    byte[] value = Objects.requireNonNull(row.value());
    TableSchema newest = Objects.requireNonNull(schemas.get(table));
    if (row.schemaVersion() == newest.version()) {
      return Content.document(value);
    }
    Map<String, byte[]> values = new HashMap<>();
    JsonFields fields = new JsonFields(value);
    while (fields.next()) {
      values.put(new String(fields.name(), UTF_8), fields.raw());
    }
    JsonBuffer json = new JsonBuffer();
    for (ColumnSchema column : newest.columns()) {
      json.write(json.size() == 0 ? '{' : ',');
      byte[] name = column.name().getBytes(UTF_8);
      json.writeString(name, 0, name.length);
      json.write(':');
      json.write(values.getOrDefault(column.name(), "null".getBytes(UTF_8)));
    }
    json.write('}');
    return Content.document(json.toByteArray());
  }

  @Override
  public int looksNeeded() {
    return 2;
  }

  @Override
  public void scan(Visitor visitor) {
    try {
      for (TableSchema schema : schemas.values()) {
        scan(schema, visitor);
      }
    } catch (SQLException | IOException e) {
      throw failure(e);
    }
  }

  private void scan(TableSchema schema, Visitor visitor) throws SQLException, IOException {
    long pages = pages(schema.table());
    boolean isRanged =
        connection.getMetaData().getDatabaseMajorVersion() * 10_000 >= RANGE_SCANS_SINCE;
    String select = "SELECT " + columns(schema) + " FROM " + from(schema.table());
    if (!isRanged || pages <= PAGES_PER_STRETCH) {
      copy(schema, select, visitor);
      return;
    }
    for (long page = 0; page <= pages; page += PAGES_PER_STRETCH) {
      boolean isLast = page + PAGES_PER_STRETCH > pages;
      String range =
          " WHERE ctid >= '(%d,0)'".formatted(page)
              + (isLast ? "" : " AND ctid < '(%d,0)'".formatted(page + PAGES_PER_STRETCH));
      copy(schema, select + range, visitor);
    }
  }

  private void copy(TableSchema schema, String select, Visitor visitor)
      throws SQLException, IOException {
    RowEncoder encoder = new RowEncoder(schema, masks(schema.table()));
    CopyTextReader line = new CopyTextReader(schema.columns().size());
    CopyOut copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (" + select + ") TO STDOUT");
    try {
      for (byte[] text = copy.readFromCopy(); text != null; text = copy.readFromCopy()) {
        line.read(text, 0, text.length);
        line.writeTo(encoder);
        visitor.row(name(schema.table(), encoder.key()), Content.document(encoder.row()));
      }
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  /** Pages of the table, or of its largest partition. */
  private long pages(TableId table) throws SQLException {
    String sql =
        "SELECT coalesce(max(pg_relation_size(relid) / current_setting('block_size')::int), 0)"
            + " FROM pg_partition_tree("
            + literal(quoted(table))
            + ") WHERE isleaf";
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** A plain table is read without those that inherit from it, which are tables of their own. */
  private String from(TableId table) throws SQLException {
    String sql =
        "SELECT relkind = 'p' FROM pg_class WHERE oid = " + literal(quoted(table)) + "::regclass";
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return (row.getBoolean(1) ? "" : "ONLY ") + quoted(table);
    }
  }

  @Override
  public Look look(LogPartition partition, List<byte[]> names) {
    long before = LogPartitions.committedEnd(log, partition);
    if (names.isEmpty()) {
      return new Look(
          OptionalLong.of(before), OptionalLong.empty(), System.currentTimeMillis(), List.of());
    }
    try {
      Map<String, Content> found = new HashMap<>();
      TableSchema schema = Objects.requireNonNull(schemas.get(partition.table()));
      copy(
          schema,
          "SELECT "
              + columns(schema)
              + " FROM "
              + from(schema.table())
              + " WHERE "
              + keys(schema, names),
          (name, content) -> found.put(new String(name, UTF_8), content));
      awaitCaptured(walEnd());
      List<Optional<Content>> contents = new ArrayList<>();
      names.forEach(name -> contents.add(Optional.ofNullable(found.get(new String(name, UTF_8)))));
      return new Look(
          OptionalLong.of(before), OptionalLong.empty(), System.currentTimeMillis(), contents);
    } catch (SQLException | IOException e) {
      throw failure(e);
    }
  }

  /** The rows of these names, and perhaps others: each literal is of its column's type. */
  private String keys(TableSchema schema, List<byte[]> names) throws SQLException {
    Map<String, byte[]> masked = new HashMap<>();
    masks(schema.table()).keySet().forEach(column -> masked.put(column, new byte[0]));
    List<String> rows = new ArrayList<>();
    for (byte[] name : names) {
      List<String> values = new ArrayList<>();
      JsonFields key = new JsonFields(rowOf(name).orElseThrow().key());
      while (key.next()) {
        String column = new String(key.name(), UTF_8);
        ColumnSchema type = schema.columns().get(schema.indexOf(column));
        values.add(value(type, new String(key.text(), UTF_8), masked.containsKey(column)));
      }
      rows.add("(" + String.join(", ", values) + ")");
    }
    return "("
        + schema.key().stream().map(SourceReadBack::quoted).collect(Collectors.joining(", "))
        + ") IN ("
        + String.join(", ", rows)
        + ")";
  }

  private String value(ColumnSchema column, String text, boolean isMasked) throws SQLException {
    String type = column.type().withoutDomains().name();
    boolean isNested = text.startsWith("{") || text.startsWith("[");
    if (isMasked || isNested) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "connector '%s' – rows of '%s' cannot be looked up by their key column '%s', which is %s"
              .formatted(
                  config.name(),
                  column.name(),
                  column.name(),
                  isMasked ? "masked" : "no single value"),
          "Compare with the log: --against log.");
    }
    return type.equals("bytea")
        ? "decode(" + literal(text) + ", 'base64')"
        : literal(text) + "::" + column.declaredType();
  }

  private Lsn walEnd() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()")) {
      row.next();
      return Lsn.parse(row.getString(1));
    }
  }

  /** Waits until the log has whatever was committed by then. */
  private void awaitCaptured(Lsn end) {
    long deadline = System.nanoTime() + CAPTURE_LIMIT.toNanos();
    while (true) {
      byte[] position = CompactedTopic.read(log, TopicNames.POSITIONS).get(config.name());
      if (position != null && SourcePositionJson.parse(position).endLsn().compareTo(end) >= 0) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new HeadwaterException(
            FailureCode.NOTHING_RUNNING,
            "connector '%s' – its capture has not come to %s of the write-ahead log in %d s"
                .formatted(config.name(), end, CAPTURE_LIMIT.toSeconds()),
            "To compare with the source, capture must run: headwater run. See 'headwater status'.");
      }
      try {
        Thread.sleep(POSITION_EVERY_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HeadwaterException(
            FailureCode.INTERNAL, "verification – interrupted", "Start it again.", e);
      }
    }
  }

  private Map<String, ColumnMask> masks(TableId table) {
    return config.masksOf(table);
  }

  private static String columns(TableSchema schema) {
    return schema.columns().stream()
        .map(column -> quoted(column.name()))
        .collect(Collectors.joining(", "));
  }

  private static String quoted(TableId table) {
    return quoted(table.schema()) + "." + quoted(table.name());
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** Sessions of ours have standard_conforming_strings on, so only the quote is doubled. */
  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private HeadwaterException failure(Exception e) {
    return new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        "connector '%s' – reading its tables back failed: %s"
            .formatted(
                config.name(), String.valueOf(e.getMessage()).lines().findFirst().orElse("")),
        "Its user needs SELECT on the tables; see 'headwater status' for the rest.",
        e);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw failure(e);
    }
  }
}

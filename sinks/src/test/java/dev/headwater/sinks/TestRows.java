package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A table of its own for each test, and rows of it as the log would hold them. */
public final class TestRows {
  private static final AtomicLong TABLES = new AtomicLong(System.nanoTime());
  private static final long LEVEL_AT_MS = 1_700_000_000_000L;

  private final TableSchema schema;
  private final LogPartition partition;
  private final List<FoldedRow> pending = new ArrayList<>();
  private long nextOffset;
  private long checkpointed;
  private long seq = 100;

  private TestRows(TableSchema schema) {
    this.schema = schema;
    this.partition = new LogPartition(schema.table(), schema.table().toString(), "topic-id-1", 0);
  }

  /** Columns {@code id int8} (the key), {@code name text}, {@code qty int4}. */
  public static TestRows withNumberKey() {
    return withNumberKey(newTable());
  }

  /** The same, in a table whose name two processes agree on. */
  public static TestRows withNumberKey(String table) {
    return withNumberKey(new TableId("shop", "public", table));
  }

  private static TestRows withNumberKey(TableId table) {
    return new TestRows(
        new TableSchema(
            table,
            1,
            List.of(
                column("id", "int8", "bigint", false),
                column("name", "text", "text", true),
                column("qty", "int4", "integer", true)),
            List.of("id")));
  }

  /** Columns {@code tenant text}, {@code code text} (the key, in this order), {@code qty int4}. */
  public static TestRows withTextKey() {
    return new TestRows(
        new TableSchema(
            newTable(),
            1,
            List.of(
                column("tenant", "text", "text", false),
                column("code", "text", "text", false),
                column("qty", "int4", "integer", true)),
            List.of("tenant", "code")));
  }

  /** A table of these columns, of which the named ones are the key. */
  public static TestRows of(List<ColumnSchema> columns, String... key) {
    return new TestRows(new TableSchema(newTable(), 1, columns, List.of(key)));
  }

  private static TableId newTable() {
    return new TableId("shop", "public", "t" + TABLES.incrementAndGet());
  }

  /** A column of a plain type. */
  public static ColumnSchema column(
      String name, String type, String declaredType, boolean nullable) {
    return new ColumnSchema(name, PgType.base(type), declaredType, nullable, null);
  }

  public TableSchema schema() {
    return schema;
  }

  public LogPartition partition() {
    return partition;
  }

  /** The key of a table made {@link #withNumberKey}. */
  public static String key(long id) {
    return "{\"id\":" + id + "}";
  }

  /** The row of a table made {@link #withNumberKey}. */
  public static String row(long id, String name, int qty) {
    return "{\"id\":%d,\"name\":\"%s\",\"qty\":%d}".formatted(id, name, qty);
  }

  /** Adds a write to the next batch. */
  public TestRows put(String key, String row) {
    return add(key, row, schema.version());
  }

  /** Adds a write under another version of the schema to the next batch. */
  public TestRows put(String key, String row, int schemaVersion) {
    return add(key, row, schemaVersion);
  }

  /** Adds a tombstone to the next batch. */
  public TestRows delete(String key) {
    return add(key, null, schema.version());
  }

  private TestRows add(String key, @Nullable String row, int version) {
    byte[] value = row == null ? null : row.getBytes(UTF_8);
    pending.add(
        new FoldedRow(
            key.getBytes(UTF_8),
            value,
            ++seq,
            nextOffset++,
            version,
            Optional.empty(),
            LEVEL_AT_MS));
    return this;
  }

  /** The batch of all that was added since the last call; a key added twice stands in it twice. */
  public FoldedBatch batch() {
    // Two offsets more than rows: transaction markers take offsets too.
    nextOffset += 2;
    FoldedBatch batch =
        new FoldedBatch(
            partition, checkpointed, nextOffset, List.copyOf(pending), checkpointAt(nextOffset));
    pending.clear();
    checkpointed = nextOffset;
    return batch;
  }

  /** What is stored once everything below an offset is applied. */
  public Checkpoint checkpointAt(long offset) {
    return new Checkpoint(1, partition.topicId(), offset, LEVEL_AT_MS + offset);
  }
}

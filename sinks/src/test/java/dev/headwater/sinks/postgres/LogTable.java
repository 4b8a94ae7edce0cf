package dev.headwater.sinks.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A table of the log with columns as a test wants them, and batches of its one partition. */
final class LogTable {
  private final TableId id;
  private final LogPartition partition;
  private final List<FoldedRow> pending = new ArrayList<>();
  private long nextOffset;
  private long checkpointed;

  LogTable(String schema, String name) {
    this.id = new TableId("shop", schema, name);
    this.partition = new LogPartition(id, id.toString(), "topic-id-1", 0);
  }

  LogPartition partition() {
    return partition;
  }

  /** A version of its schema, the first column being the key. */
  TableSchema version(int version, ColumnSchema... columns) {
    return new TableSchema(id, version, List.of(columns), List.of(columns[0].name()));
  }

  static ColumnSchema column(String name, String type, String declaredType) {
    return new ColumnSchema(name, PgType.base(type), declaredType, true, null);
  }

  static ColumnSchema enumColumn(String name, String type, String... labels) {
    PgType resolved = new PgType(type, PgType.Kind.ENUM, null, List.of(), List.of(labels), ',');
    return new ColumnSchema(name, resolved, type, true, null);
  }

  LogTable put(String key, String row) {
    return put(key, row, 1);
  }

  LogTable put(String key, String row, int version) {
    return add(key, row.getBytes(UTF_8), version);
  }

  LogTable delete(String key) {
    return add(key, null, 0);
  }

  private LogTable add(String key, byte @Nullable [] row, int version) {
    pending.add(
        new FoldedRow(
            key.getBytes(UTF_8), row, nextOffset, nextOffset++, version, Optional.empty(), 1));
    return this;
  }

  FoldedBatch batch() {
    FoldedBatch batch =
        new FoldedBatch(
            partition,
            checkpointed,
            nextOffset,
            List.copyOf(pending),
            new Checkpoint(1, partition.topicId(), nextOffset, nextOffset));
    pending.clear();
    checkpointed = nextOffset;
    return batch;
  }
}

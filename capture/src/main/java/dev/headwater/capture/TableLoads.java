package dev.headwater.capture;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.SnapshotStore;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/**
 * Brings tables into the log that were never loaded, before their changes are streamed.
 *
 * <p>The slot is older than the read, so whatever the read does not see, or sees in part, comes
 * through the stream afterwards, in commit order; the log's last value of each key is right once
 * the stream has passed the read. A table counts as loaded with the transaction that holds its last
 * rows; a load that was cut short starts again from its first row.
 */
final class TableLoads {
  /** Rows per log transaction: a read in progress is never wholly in memory. */
  private static final int ROWS_PER_COMMIT = 20_000;

  private final CaptureConfig config;
  private final LogConnection log;
  private final LogAppender appender;
  private final SchemaReader reader;
  private final TableRegistry tables;
  private final InitialLoad initialLoad;
  private final CaptureMetrics metrics;
  private final BiConsumer<CaptureStatus.State, String> entered;

  TableLoads(
      CaptureConfig config,
      LogConnection log,
      LogAppender appender,
      SchemaReader reader,
      TableRegistry tables,
      InitialLoad initialLoad,
      CaptureMetrics metrics,
      BiConsumer<CaptureStatus.State, String> entered) {
    this.config = config;
    this.log = log;
    this.appender = appender;
    this.reader = reader;
    this.tables = tables;
    this.initialLoad = initialLoad;
    this.metrics = metrics;
    this.entered = entered;
  }

  /** Loads each table that has no mark yet; returns early when asked to stop. */
  void loadMissing(
      Collection<CapturedTable> captured, SourcePosition position, BooleanSupplier stopped)
      throws InterruptedException {
    Set<String> done = new SnapshotStore(log).completeTables();
    for (CapturedTable table : captured) {
      TableSchema described = reader.describe(table);
      if (stopped.getAsBoolean()) {
        return;
      }
      if (!done.contains(described.table().toString())) {
        entered.accept(CaptureStatus.State.SNAPSHOT, described.table().inSource());
        load(described, position, stopped);
      }
    }
  }

  private void load(TableSchema described, SourcePosition position, BooleanSupplier stopped)
      throws InterruptedException {
    TableRegistry.LoadTarget target = tables.openForLoad(described);
    TableSchema schema = target.schema();
    if (!target.schemaWritten()) {
      appender.appendSchema(schema);
    }
    long now = System.currentTimeMillis();
    long[] rows = new long[1];
    initialLoad.load(
        schema,
        TableRegistry.masksOf(config, schema.table()),
        (key, value, nulls) -> {
          if (stopped.getAsBoolean()) {
            throw new InterruptedException("capture stops");
          }
          appender.appendRow(
              target.topic(),
              new RowRecord(key, value, 'r', position.endLsn(), 0, now, schema.version(), nulls));
          metrics.appended(schema.table());
          if (++rows[0] % ROWS_PER_COMMIT == 0) {
            commit(position);
            entered.accept(
                CaptureStatus.State.SNAPSHOT, schema.table().inSource() + ", " + rows[0] + " rows");
          }
        });
    String mark = "{\"state\":\"complete\",\"rows\":" + rows[0] + ",\"ts_ms\":" + now + "}";
    appender.appendSnapshotState(schema.table().toString(), mark.getBytes(StandardCharsets.UTF_8));
    commit(position);
  }

  private void commit(SourcePosition position) {
    appender.commit(position.source(), position.endLsn(), position.running());
  }
}

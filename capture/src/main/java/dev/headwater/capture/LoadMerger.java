package dev.headwater.capture;

import dev.headwater.capture.window.Windows;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.ChunkRows;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoadJson;
import dev.headwater.log.snapshot.TableLoader.Loading;
import dev.headwater.log.topic.TopicInfo;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Appends what loads bring, and asks for loads: where the stream and the loads of tables meet. Used
 * by whoever has the {@link BatchWriter#turn turn}.
 */
final class LoadMerger implements Windows.Merger {
  private final LogAppender appender;
  private final TableRegistry tables;
  private final RowOrder rows;
  private final CaptureMetrics metrics;
  private final Supplier<Lsn> endLsn;
  private @Nullable Loading loading;
  private boolean hasAppended;

  LoadMerger(
      LogAppender appender,
      TableRegistry tables,
      RowOrder rows,
      CaptureMetrics metrics,
      Supplier<Lsn> endLsn) {
    this.appender = appender;
    this.tables = tables;
    this.rows = rows;
    this.metrics = metrics;
    this.endLsn = endLsn;
  }

  /** Who loads; from now on. */
  void loading(Loading running) {
    loading = running;
  }

  @Override
  public boolean merge(ReadChunk chunk, Windows.Superseded superseded) {
    TableSchema schema = chunk.schema();
    if (!chunk.ending().isWanted() || !tables.isLatest(schema)) {
      return false;
    }
    // What the stream brought before is in the log before.
    rows.release();
    tables.writeSchema(schema, appender);
    int appended = append(chunk.rows(), schema, superseded);
    metrics.appended(schema.table(), appended);
    appender.appendSnapshotState(schema.table().toString(), chunk.ending().appended(appended));
    hasAppended = true;
    return true;
  }

  private int append(ChunkRows rows, TableSchema schema, Windows.Superseded superseded) {
    TopicInfo topic = tables.topic(schema.table());
    Lsn lsn = endLsn.get();
    long now = System.currentTimeMillis();
    int appended = 0;
    for (int i = 0; i < rows.size(); i++) {
      byte[] key = rows.key(i);
      if (!superseded.test(key)) {
        int length = rows.valueLength(i);
        char op = length < 0 ? 'd' : 'r';
        appender.appendRow(
            topic,
            new RowRecord(key, null, op, lsn, 0, now, schema.version(), rows.nulls(i)),
            rows.valueArray(i),
            rows.valueFrom(i),
            length);
        appended++;
      }
    }
    return appended;
  }

  /**
   * Asks for a table to be loaded again, beside the stream, in the log's running transaction: the
   * request survives whatever happens after its commit. The load ends by deleting keys that the
   * source does not have. What was being read of the table is void.
   *
   * @param why for {@code status}, as {@code changed columns}
   * @param where which rows, as an SQL condition; null for all. Only for a table whose last load is
   *     complete: it takes that one's place
   */
  void loadAgain(TableId table, String why, @Nullable String where) {
    TableLoad wanted = TableLoad.wanted(why, where);
    appender.appendSnapshotState(table.toString(), TableLoadJson.write(wanted));
    hasAppended = true;
    if (loading != null) {
      loading.loadAgain(table, wanted);
    }
  }

  /** Whether something was appended since this was last asked. */
  boolean takeAppended() {
    boolean had = hasAppended;
    hasAppended = false;
    return had;
  }
}

package dev.headwater.capture;

import dev.headwater.capture.pgoutput.PgOutputHandler;
import dev.headwater.capture.pgoutput.PgOutputReader;
import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns batches of pgoutput messages into log transactions: the heart of capture.
 *
 * <p>Each batch becomes one Kafka transaction that holds its rows, the schemas they need and the
 * position behind them. Rows go to the log at once, also those of a transaction whose end has not
 * come; only the acknowledgement waits for the end. Single-use, and on one thread.
 */
final class BatchWriter implements ChangeSource.Receiver, PgOutputHandler {
  private final String connector;
  private final SourceIdentity source;
  private final LogAppender appender;
  private final TableRegistry tables;
  private final CaptureMetrics metrics;
  private final ResumeFilter filter;
  private final PgOutputReader reader = new PgOutputReader(this);

  private Lsn committedEndLsn;
  private Optional<RunningTransaction> committedRunning;
  private boolean appended;
  private long xid;
  private long commitTimeMillis;

  BatchWriter(
      String connector,
      SourcePosition position,
      LogAppender appender,
      TableRegistry tables,
      CaptureMetrics metrics) {
    this.connector = connector;
    this.source = position.source();
    this.appender = appender;
    this.tables = tables;
    this.metrics = metrics;
    this.filter = new ResumeFilter(connector, position);
    this.committedEndLsn = position.endLsn();
    this.committedRunning = position.runningTransaction();
  }

  @Override
  public Optional<Lsn> receive(List<ByteBuffer> chunks) {
    for (ByteBuffer chunk : chunks) {
      RawChunk.forEach(chunk, reader::read);
    }
    Lsn endLsn = filter.endLsn();
    Optional<RunningTransaction> running = filter.running();
    boolean moved = !endLsn.equals(committedEndLsn) || !running.equals(committedRunning);
    if (moved || appended) {
      // I1: what is acknowledged to the source is in the log, with the position that says so.
      appender.commit(source, endLsn, running.orElse(null));
      committedEndLsn = endLsn;
      committedRunning = running;
      appended = false;
      metrics.committed(endLsn, commitTimeMillis);
    }
    return Optional.of(endLsn);
  }

  @Override
  public void begin(Lsn commitLsn, long commitTimeMicros, long transactionXid) {
    filter.begin(commitLsn, transactionXid);
    xid = transactionXid;
    commitTimeMillis = Math.floorDiv(commitTimeMicros, 1000);
  }

  @Override
  public void commit(Lsn commitLsn, Lsn endLsn) {
    filter.commit(endLsn);
  }

  @Override
  public void relation(Relation relation) {
    // Also for what is skipped: the server says it once, before the first change it sends.
    tables.define(relation);
  }

  @Override
  public void insert(Lsn lsn, int relationOid, Tuple newRow) {
    if (filter.isNew(lsn)) {
      TableWriter table = tables.find(relationOid);
      if (table != null) {
        table.encode(newRow, null);
        append(table, table.key(), table.row(), 'c', lsn);
      }
    }
  }

  @Override
  public void update(
      Lsn lsn, int relationOid, @Nullable Tuple oldRow, boolean oldIsKeyOnly, Tuple newRow) {
    if (!filter.isNew(lsn)) {
      return;
    }
    TableWriter table = tables.find(relationOid);
    if (table == null) {
      return;
    }
    byte[] oldKey = oldRow == null ? null : table.keyOf(oldRow);
    table.encode(newRow, oldIsKeyOnly ? null : oldRow);
    byte[] key = table.key();
    if (oldKey != null && !Arrays.equals(oldKey, key)) {
      append(table, oldKey, null, 'd', lsn);
    }
    append(table, key, table.row(), 'u', lsn);
  }

  @Override
  public void delete(Lsn lsn, int relationOid, Tuple oldRow, boolean oldIsKeyOnly) {
    if (filter.isNew(lsn)) {
      TableWriter table = tables.find(relationOid);
      if (table != null) {
        append(table, table.keyOf(oldRow), null, 'd', lsn);
      }
    }
  }

  @Override
  public void truncate(Lsn lsn, List<Integer> relationOids) {
    if (!filter.isNew(lsn)) {
      return;
    }
    for (int oid : relationOids) {
      TableWriter table = tables.find(oid);
      if (table != null) {
        throw new HeadwaterException(
            FailureCode.CHANGE_NOT_WRITABLE,
            "connector '"
                + connector
                + "' – table "
                + table.schema().table().inSource()
                + " was truncated at "
                + lsn
                + "; the log still holds its rows",
            "Capture stops rather than keep rows that are gone. Load the table again under a new"
                + " connector name.");
      }
    }
  }

  @Override
  public void message(
      Lsn lsn, boolean transactional, Lsn messageLsn, String prefix, byte[] content) {
    if (transactional) {
      filter.isNew(lsn);
    } else {
      filter.isNewMessage(messageLsn);
    }
  }

  private void append(TableWriter table, byte[] key, byte @Nullable [] value, char op, Lsn lsn) {
    if (!table.isSchemaWritten()) {
      appender.appendSchema(table.schema());
      table.schemaWritten();
    }
    appender.appendRow(
        table.topic(),
        new RowRecord(
            key,
            value,
            op,
            lsn,
            xid,
            commitTimeMillis,
            table.schema().version(),
            value == null ? null : table.nulls()));
    appended = true;
    metrics.appended(table.schema().table());
  }
}

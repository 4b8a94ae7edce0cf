package dev.headwater.capture;

import dev.headwater.capture.pgoutput.PgOutputHandler;
import dev.headwater.capture.pgoutput.PgOutputReader;
import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.capture.window.Windows;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns batches of pgoutput messages into log transactions: the heart of capture.
 *
 * <p>Each batch becomes one Kafka transaction that holds its rows, the schemas they need, the
 * chunks of loads whose high watermark is in it ({@link Windows}) and the position behind them.
 * Rows go to the log at once, also those of a transaction whose end has not come; only the
 * acknowledgement waits for the end. A position that no rows came with may wait for {@link
 * #POSITION_EVERY}, that of a mark for {@link #MARK_EVERY}; what the source is told is what is
 * committed. Single-use, and on one thread, which takes turns with the loads.
 */
final class BatchWriter implements ChangeSource.Receiver, PgOutputHandler {
  /**
   * A position that no rows came with is committed no more often. Each watermark and each
   * transaction that is none of ours moves it, and a transaction of its own for each would cost
   * nearly as much as those with rows, here and at the brokers.
   */
  static final Duration POSITION_EVERY = Duration.ofSeconds(1);

  /** The same for that of a mark ({@link SourceMarker}): somebody waits for it. */
  static final Duration MARK_EVERY = Duration.ofMillis(200);

  private final SourceIdentity source;
  private final LogAppender appender;
  private final RowOrder rows;
  private final RecentValues recent;
  private final Truncation truncation;
  private final TableRegistry tables;
  private final CaptureMetrics metrics;
  private final ResumeFilter filter;
  private final PgOutputReader reader = new PgOutputReader(this);

  private final ReentrantLock turn = new ReentrantLock(true);
  private final Windows windows;
  private final Supplier<Visibility> look;
  private final LoadMerger loads;

  private volatile Lsn committedEndLsn;
  private Optional<RunningTransaction> committedRunning;
  private long committedNanos;
  private boolean isMarkUncommitted;

  /** What failed first: the session is over, and whoever comes after is told the same. */
  private @Nullable RuntimeException failure;

  private long xid;
  private long commitTimeMillis;

  BatchWriter(
      String connector,
      SourcePosition position,
      LogAppender appender,
      TableRegistry tables,
      SourceRows sourceRows,
      Truncation truncation,
      CaptureMetrics metrics,
      Windows windows,
      Supplier<Visibility> look) {
    this.source = position.source();
    this.appender = appender;
    this.recent = new RecentValues();
    this.rows = new RowOrder(appender, tables, sourceRows, recent, metrics);
    this.truncation = truncation;
    this.tables = tables;
    this.metrics = metrics;
    this.windows = windows;
    this.look = look;
    this.filter = new ResumeFilter(connector, position);
    this.committedEndLsn = position.endLsn();
    this.committedRunning = position.runningTransaction();
    this.committedNanos = System.nanoTime();
    this.loads = new LoadMerger(appender, tables, rows, metrics, filter::endLsn);
  }

  /** Held by whoever uses the appender or the registry of tables; the stream's for a batch. */
  ReentrantLock turn() {
    return turn;
  }

  /** Where the loads of tables meet the stream. */
  LoadMerger loads() {
    return loads;
  }

  /** End of the last unit that is wholly in the log; may be asked by any thread. */
  Lsn committedEndLsn() {
    return committedEndLsn;
  }

  /** Appends states of loads between two batches, and commits them; any thread. */
  void record(Runnable appending) {
    inTurn(
        () -> {
          appending.run();
          commit();
        });
  }

  /**
   * Does something whole, or nothing more: an event is counted before its row is appended, so
   * behind a batch that failed a position would pass over the change that it failed at.
   */
  private void inTurn(Runnable work) {
    turn.lock();
    try {
      if (failure != null) {
        throw failure;
      }
      work.run();
    } catch (RuntimeException e) {
      failure = e;
      throw e;
    } catch (Error e) {
      failure = new IllegalStateException("a batch was cut short", e);
      throw e;
    } finally {
      turn.unlock();
    }
  }

  /** For what is not worth a word in a session that is over: whoever met the failure tells it. */
  private void inTurnUnlessOver(Runnable work) {
    turn.lock();
    try {
      if (failure == null) {
        inTurn(work);
      }
    } finally {
      turn.unlock();
    }
  }

  private void commit() {
    Lsn endLsn = filter.endLsn();
    Optional<RunningTransaction> running = filter.running();
    // I1: what is acknowledged to the source is in the log, with the position that says so.
    appender.commit(source, endLsn, running.orElse(null), windows.delivered());
    committedEndLsn = endLsn;
    committedRunning = running;
    committedNanos = System.nanoTime();
    isMarkUncommitted = false;
    metrics.committed(endLsn, commitTimeMillis);
  }

  @Override
  public Optional<Lsn> receive(List<ByteBuffer> chunks) {
    inTurn(
        () -> {
          chunks.forEach(chunk -> RawChunk.forEach(chunk, reader::read));
          commitInPlace();
        });
    return Optional.of(committedEndLsn);
  }

  @Override
  public void begin(Lsn commitLsn, long commitTimeMicros, long transactionXid) {
    filter.begin(commitLsn, transactionXid);
    windows.begin(transactionXid);
    xid = transactionXid;
    commitTimeMillis = Math.floorDiv(commitTimeMicros, 1000);
  }

  @Override
  public void commit(Lsn commitLsn, Lsn endLsn) {
    filter.commit(endLsn);
    windows.commit(loads);
  }

  @Override
  public void relation(Relation relation) {
    // Also for what is skipped: the server says it once, before the first change it sends.
    tables.define(relation);
    TableWriter table = tables.find(relation.oid());
    if (table != null) {
      recent.forgetAll(table.schema().table());
    }
  }

  @Override
  public void insert(Lsn lsn, int relationOid, Tuple newRow) {
    if (filter.isNew(lsn)) {
      TableWriter table = tables.find(relationOid);
      if (table != null) {
        table.encode(newRow, null, null);
        byte[] key = table.key();
        append(table, key, table.row(), 'c', lsn);
        recent.remember(table, key, newRow, null, null);
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
    if (newRow.hasUnchangedToast()) {
      updateWithGaps(table, oldKey, oldRow, newRow, lsn);
      return;
    }
    table.encode(newRow, null, null);
    byte[] key = table.key();
    moveKey(table, oldKey, key, lsn);
    append(table, key, table.row(), 'u', lsn);
    recent.remember(table, key, newRow, null, null);
  }

  private void updateWithGaps(
      TableWriter table, byte @Nullable [] oldKey, @Nullable Tuple oldRow, Tuple newRow, Lsn lsn) {
    byte[] key = table.keyOf(newRow, oldRow);
    ColumnTexts before = recent.find(table, oldKey == null ? key : oldKey);
    moveKey(table, oldKey, key, lsn);
    ColumnTexts entry = recent.remember(table, key, newRow, oldRow, before);
    int[] missing = table.missing(newRow, oldRow, before);
    if (missing.length == 0) {
      metrics.filledFromStream();
      table.encode(newRow, oldRow, before);
      append(table, key, table.row(), 'u', lsn);
      return;
    }
    windows.touched(table.schema().table(), key);
    rows.append(
        new HeldRow.Open(
            table,
            key,
            table.keyTexts(newRow, oldRow),
            newRow.copy(),
            oldRow == null ? null : oldRow.copy(),
            before,
            entry,
            missing,
            lsn,
            xid,
            commitTimeMillis));
  }

  /** A row whose key changed is gone from under the old one. */
  private void moveKey(TableWriter table, byte @Nullable [] oldKey, byte[] key, Lsn lsn) {
    if (oldKey != null && !Arrays.equals(oldKey, key)) {
      append(table, oldKey, null, 'd', lsn);
      recent.forget(table, oldKey);
    }
  }

  @Override
  public void delete(Lsn lsn, int relationOid, Tuple oldRow, boolean oldIsKeyOnly) {
    if (filter.isNew(lsn)) {
      TableWriter table = tables.find(relationOid);
      if (table != null) {
        byte[] key = table.keyOf(oldRow);
        append(table, key, null, 'd', lsn);
        recent.forget(table, key);
      }
    }
  }

  @Override
  public void truncate(Lsn lsn, List<Integer> relationOids) {
    for (int oid : relationOids) {
      TableWriter table = filter.isAtNewEvents() ? tables.find(oid) : null;
      if (table != null) {
        // The log is read for what is to be deleted, so what is pending must be in it.
        windows.touchedWhole(table.schema().table());
        commitInPlace();
        truncation.run(table, rows, lsn, xid, commitTimeMillis, this::commitTombstones);
        recent.forgetAll(table.schema().table());
      }
    }
    filter.isNew(lsn);
  }

  /**
   * Takes the layouts of tables as the source has them now. Where rows changed without a word in
   * the stream, the table is loaded again. Called by any thread, between two batches.
   *
   * @param loaded tells the tables whose last load is complete
   * @throws dev.headwater.log.failure.HeadwaterException if such changes are not to be followed
   */
  void follow(Map<TableId, String> layouts, Supplier<Set<String>> loaded) {
    inTurnUnlessOver(
        () -> {
          if (new LayoutFollower(tables, appender, loads, loaded).follow(layouts)) {
            loads.takeAppended();
            commit();
          }
        });
  }

  private void commitTombstones() {
    commit();
    rows.takeAppended();
  }

  /** Commits what was appended, at the position behind the last event. */
  private void commitInPlace() {
    rows.release();
    if (rows.takeAppended() | loads.takeAppended() | isPositionDue()) {
      windows.tidy(look);
      commit();
      windows.committed();
    }
  }

  /** Commits a position that no rows came with, if it is time. Called by any thread. */
  void commitPosition() {
    inTurnUnlessOver(this::commitInPlace);
  }

  private boolean isPositionDue() {
    boolean moved =
        !filter.endLsn().equals(committedEndLsn) || !filter.running().equals(committedRunning);
    Duration every = isMarkUncommitted ? MARK_EVERY : POSITION_EVERY;
    return moved && System.nanoTime() - committedNanos >= every.toNanos();
  }

  @Override
  public void message(
      Lsn lsn, boolean transactional, Lsn messageLsn, String prefix, byte[] content) {
    if (transactional) {
      if (filter.isNew(lsn) && prefix.equals(Watermark.PREFIX)) {
        windows.message(content);
      }
    } else {
      boolean isNew = filter.isNewMessage(messageLsn);
      isMarkUncommitted |= isNew && SourceMarker.isMark(prefix, content);
    }
  }

  private void append(TableWriter table, byte[] key, byte @Nullable [] value, char op, Lsn lsn) {
    windows.touched(table.schema().table(), key);
    rows.append(
        table,
        new RowRecord(
            key,
            value,
            op,
            lsn,
            xid,
            commitTimeMillis,
            table.schema().version(),
            value == null ? null : table.nulls()));
    if (value != null) {
      // Not behind a tombstone: where a key moves, the row under the new one is encoded already.
      table.release();
    }
  }
}

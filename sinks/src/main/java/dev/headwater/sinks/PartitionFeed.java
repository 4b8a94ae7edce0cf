package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One partition on its way into a sink: its writer, where it stands, and what was read of it and
 * waits.
 *
 * <p>The polling thread puts in, at most one applying thread at a time takes out; every method
 * holds the feed's lock for a moment and never while the target is talked to.
 *
 * <pre>
 * UNTAKEN --taken()--> TAKEN --started()--> RUNNING --fenced()--> UNTAKEN
 * any --close()--> CLOSED
 * </pre>
 */
final class PartitionFeed {
  /** Where a feed is between being given to this worker and being taken away. */
  enum State {
    /** No writer yet: the target must be asked for one. */
    UNTAKEN,
    /** A writer and its checkpoint are there: reading must be set to {@link #startOffset}. */
    TAKEN,
    /** Read and applied. */
    RUNNING,
    /** No longer this worker's. */
    CLOSED
  }

  private final LogPartition partition;
  private final int generation;
  private final InstantSource clock;
  private final ReadQueue queue = new ReadQueue();
  private State state = State.UNTAKEN;
  private @Nullable PartitionWriter writer;

  /** Of a record, without the record: that is held by nobody longer than it takes to apply it. */
  private record Place(long tsMs, long seq, String lsn) {
    static @Nullable Place of(@Nullable LogRecord record) {
      return record == null ? null : new Place(record.tsMs(), record.seq(), record.lsn());
    }
  }

  private @Nullable FoldedBatch current;
  private @Nullable Place lastOfCurrent;
  private @Nullable Next next;
  private boolean isNextAsked;
  private boolean isNextMaking;
  private boolean busy;
  private long appliedOffset;
  private long readOffset;
  private Level reading = new Level(0);
  private Level applying = new Level(0);
  private int currentRecords;
  private int attempts;
  private int fences;
  private long dueAtNanos = System.nanoTime();
  private @Nullable Place lastApplied;
  private boolean isUnswept;
  private boolean marksBeginning;
  private boolean hasSeenEnd;
  private @Nullable Sweep sweep;
  private @Nullable List<FoldedRow> beside;
  private boolean isSpoiled;
  private boolean takesBeside;
  private boolean tookBeside;

  /** Batches of sweeps, since deletes may have been missed. */
  private long besides;

  private long lagBehindRead;

  /**
   * @param generation which generation is fed
   */
  PartitionFeed(LogPartition partition, int generation, InstantSource clock) {
    this.partition = partition;
    this.generation = generation;
    this.clock = clock;
  }

  LogPartition partition() {
    return partition;
  }

  synchronized State state() {
    return state;
  }

  /**
   * Marks the feed as worked on by one thread of the pool, if there is work that is due.
   *
   * @return whether the caller is to work on it, and to call {@link #release} afterwards
   */
  synchronized boolean claim() {
    boolean work =
        state == State.UNTAKEN || (state == State.RUNNING && (current != null || hasWork()));
    if (busy || !work || System.nanoTime() - dueAtNanos < 0) {
      return false;
    }
    busy = true;
    return true;
  }

  private boolean hasWork() {
    return marksBeginning || beside != null || next != null || isNextMaking || queue.isPending();
  }

  synchronized void release() {
    busy = false;
    if (state == State.CLOSED) {
      forget();
    }
    notifyAll();
  }

  /**
   * The partition was taken over; reading is to start at its checkpoint.
   *
   * @param knownLevelAtMs since when it is known that no delete was missed; {@link
   *     Checkpoint#UNSWEPT} if some may have been
   */
  synchronized void taken(PartitionWriter newWriter, long knownLevelAtMs) {
    if (state == State.CLOSED) {
      newWriter.close();
      return;
    }
    writer = newWriter;
    Optional<Checkpoint> checkpoint = newWriter.checkpoint();
    appliedOffset = checkpoint.map(Checkpoint::nextOffset).orElse(0L);
    readOffset = appliedOffset;
    hasSeenEnd = false;
    isUnswept = knownLevelAtMs == Checkpoint.UNSWEPT;
    // From here on nothing more is missed, however much was missed before.
    long levelAtMs = isUnswept ? clock.millis() : knownLevelAtMs;
    reading = new Level(levelAtMs);
    applying = new Level(levelAtMs);
    besides = checkpoint.filter(at -> !at.isSwept()).map(at -> -at.levelAtMs()).orElse(0L);
    marksBeginning = checkpoint.isEmpty() && !newWriter.isAtomic();
    attempts = 0;
    state = State.TAKEN;
  }

  /** Where to start reading; empty means at the first record there is. */
  synchronized Optional<Long> startOffset() {
    return Optional.ofNullable(writer)
        .flatMap(PartitionWriter::checkpoint)
        .map(Checkpoint::nextOffset)
        .filter(offset -> offset > 0);
  }

  /** Reading has been set to the start. */
  synchronized void started() {
    if (state == State.TAKEN) {
      state = State.RUNNING;
    }
  }

  /** Keeps what was read; what comes before the start is set is read again later. */
  synchronized void offer(PartitionBatch read) {
    if (state == State.RUNNING) {
      queue.add(read.records(), read.nextOffset());
      readTo(read.nextOffset());
    }
  }

  /**
   * Notes how far reading is.
   *
   * @param position where reading goes on, markers passed
   * @param end the end of the partition, asked for at {@code atMs}
   * @throws dev.headwater.log.failure.HeadwaterException {@code CHECKPOINT_STALE} if the log has
   *     lost what was read, or deletes were missed in a target that cannot be swept
   */
  void compareWithEnd(long position, long end, long atMs, CheckpointRule rule) {
    rule.requireInLog(partition, position, end);
    // First, for whoever slept past the retention and read on at once would be level afterwards.
    if (!rule.isFresh(partition, readLevelAtMs())) {
      missedDeletes();
    }
    compareWithEnd(position, end, atMs);
  }

  private synchronized void compareWithEnd(long position, long end, long atMs) {
    if (state != State.RUNNING) {
      return;
    }
    readTo(position);
    reading.await(end, atMs);
    applying.await(end, atMs);
    readTo(position);
    if (position >= end && current == null && !hasWork()) {
      queue.addStanding(readOffset);
    }
  }

  private void readTo(long offset) {
    readOffset = Math.max(readOffset, offset);
    hasSeenEnd |= reading.reach(readOffset);
  }

  /** Since when the reading side knows that it has missed no delete. */
  synchronized long readLevelAtMs() {
    return reading.sinceMs();
  }

  synchronized void lagBehindRead(long lag) {
    lagBehindRead = lag;
  }

  /** How much waits to be applied, as {@link ReadQueue#fullness} has it. */
  synchronized double fullness(BatchLimit limit, long mostBytes) {
    return queue.fullness(limit, mostBytes);
  }

  /**
   * Whether the batch after the one in hand can be made ready beside it: a whole one waits, and
   * nobody has been asked yet.
   */
  synchronized boolean asksForNext(BatchLimit limit) {
    boolean asks =
        state == State.RUNNING
            && current != null
            && next == null
            && !isNextAsked
            && queue.holds(limit);
    isNextAsked |= asks;
    return asks;
  }

  /**
   * Takes out and folds the batch after the one in hand, and has it made ready, while that one is
   * on its way to the target. On another thread than the claiming one, which waits for it.
   *
   * @param makeReady is given the writer and the rows; what it does is of use, never needed
   */
  void makeNext(BatchLimit limit, BiConsumer<PartitionWriter, List<FoldedRow>> makeReady) {
    Next made;
    PartitionWriter by;
    synchronized (this) {
      isNextAsked = false;
      boolean isOfUse = state == State.RUNNING && next == null && queue.holds(limit);
      // Where the batch in hand is done, nobody is to wait for this.
      if (!isOfUse || current == null || writer == null) {
        return;
      }
      by = writer;
      made = new Next(queue.take(limit, current.nextOffset()));
      next = made;
      isNextMaking = true;
    }
    try {
      List<FoldedRow> rows = BatchFold.fold(made.taken.records());
      made.rows = rows;
      makeReady.accept(by, rows);
    } finally {
      synchronized (this) {
        isNextMaking = false;
        notifyAll();
      }
    }
  }

  /** The batch to apply: the one that failed before, or the next. On the claiming thread. */
  FoldedBatch batch(BatchLimit limit) {
    long from;
    Next taken;
    Checkpoint checkpoint;
    Sweep sweeping;
    List<FoldedRow> found;
    synchronized (this) {
      awaitNext();
      if (current != null) {
        return current;
      }
      from = appliedOffset;
      sweeping = sweep;
      // In turns, so that under writes without a pause neither waits for the other to end.
      boolean isQuiet = next == null && queue.records() == 0;
      takesBeside = beside != null && (isQuiet || !tookBeside);
      tookBeside = takesBeside;
      found = takesBeside ? beside : null;
      besides += takesBeside ? 1 : 0;
      if (takesBeside || marksBeginning) {
        taken = new Next(new ReadQueue.Taken(List.of(), from));
      } else {
        taken = next == null ? new Next(queue.take(limit, from)) : next;
        next = null;
      }
      applying.reach(taken.taken.nextOffset());
      checkpoint =
          new Checkpoint(
              generation,
              partition.topicId(),
              taken.taken.nextOffset(),
              isUnswept ? Checkpoint.UNSWEPT - besides : applying.sinceMs());
    }
    List<FoldedRow> rows = taken.rows;
    if (rows == null) {
      rows = BatchFold.fold(taken.taken.records());
    }
    if (sweeping != null && found != null) {
      rows = sweeping.untouched(found, from);
    } else if (sweeping != null) {
      rows.forEach(sweeping::touch);
    }
    FoldedBatch batch =
        new FoldedBatch(partition, from, taken.taken.nextOffset(), rows, checkpoint);
    synchronized (this) {
      current = batch;
      currentRecords = taken.taken.records().size();
      lastOfCurrent = Place.of(taken.taken.last());
      return batch;
    }
  }

  /** It is short, and asks nobody. */
  private void awaitNext() {
    boolean isInterrupted = false;
    while (isNextMaking) {
      try {
        wait();
      } catch (InterruptedException e) {
        isInterrupted = true;
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Has a sweep told, from the next batch on, of every row that is applied. */
  synchronized void beginSweep(Sweep newSweep) {
    sweep = newSweep;
    beside = null;
    isSpoiled = false;
  }

  /** Whether a sweep is due: deletes may have been missed, and reading has come to the end. */
  synchronized boolean wantsSweep(long levelForAtMostMs) {
    return state == State.RUNNING
        && isUnswept
        && hasSeenEnd
        && clock.millis() - reading.sinceMs() < levelForAtMostMs;
  }

  /** Marks that deletes may have been missed; the next checkpoint says so. */
  private synchronized void missedDeletes() {
    isUnswept = true;
    isSpoiled = true;
    hasSeenEnd = false;
    reading = new Level(clock.millis());
    applying = new Level(clock.millis());
  }

  /**
   * Waits until all records below an offset are in the target. On the sweep's thread.
   *
   * @return whether they are; false if the partition went to another owner meanwhile
   */
  boolean awaitApplied(long offset, BooleanSupplier goesOn) {
    while (goesOn.getAsBoolean()) {
      synchronized (this) {
        if (appliedOffset >= offset) {
          return true;
        }
        if (!pause()) {
          return false;
        }
      }
    }
    return false;
  }

  /**
   * Has rows applied that are older than what was applied, except those that have been written
   * since; returns when they are in the target. On the sweep's thread.
   *
   * @return whether they are; false if the partition went to another owner meanwhile
   */
  boolean applyBeside(Sweep by, List<FoldedRow> rows, BooleanSupplier goesOn) {
    synchronized (this) {
      if (sweep != by) {
        return false;
      }
      beside = rows;
    }
    while (goesOn.getAsBoolean()) {
      synchronized (this) {
        if (sweep != by) {
          return false;
        }
        if (beside == null) {
          return true;
        }
        if (!pause()) {
          return false;
        }
      }
    }
    return false;
  }

  /** A moment, or until something is applied; false if the thread is to end. */
  private synchronized boolean pause() {
    try {
      wait(100);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Ends a sweep.
   *
   * @param isWhole whether all it found is in the target; unless reading fell behind meanwhile, the
   *     next checkpoint then says that nothing is missed
   */
  synchronized void endSweep(Sweep ended, boolean isWhole) {
    if (sweep != ended) {
      return;
    }
    sweep = null;
    beside = null;
    if (isWhole && !isSpoiled && state == State.RUNNING) {
      isUnswept = false;
      queue.addStanding(readOffset);
    }
  }

  /** Whether the target may hold rows that the log has no more. */
  synchronized boolean isUnswept() {
    return isUnswept;
  }

  /** The writer, which is there while the feed runs. */
  synchronized PartitionWriter writer() {
    if (writer == null) {
      throw new IllegalStateException(partition + " has not been taken");
    }
    return writer;
  }

  /** The current batch is in the target. */
  synchronized void applied(FoldedBatch batch) {
    appliedOffset = batch.nextOffset();
    marksBeginning = false;
    if (lastOfCurrent != null) {
      lastApplied = lastOfCurrent;
    }
    current = null;
    currentRecords = 0;
    attempts = 0;
    fences = 0;
    if (takesBeside) {
      takesBeside = false;
      beside = null;
    }
    notifyAll();
  }

  /** The target is away: the same again after a pause. Answers how often that was so by now. */
  synchronized int retryAfter(long millis) {
    dueAtNanos = System.nanoTime() + millis * 1_000_000;
    return ++attempts;
  }

  synchronized int attempts() {
    return attempts;
  }

  /**
   * The target does not know the writer any more: it is to be asked again, after a pause in which
   * the group may say that the partition is another's.
   *
   * @return how often in a row this happened
   */
  synchronized int fenced(long pauseMillis) {
    if (state != State.CLOSED) {
      state = State.UNTAKEN;
    }
    forget();
    dueAtNanos = System.nanoTime() + pauseMillis * 1_000_000;
    return ++fences;
  }

  private void forget() {
    queue.clear();
    next = null;
    current = null;
    currentRecords = 0;
    lastOfCurrent = null;
    sweep = null;
    beside = null;
    takesBeside = false;
    marksBeginning = false;
    if (writer != null) {
      writer.close();
      writer = null;
    }
  }

  /** How far this is, for people. */
  synchronized SinkProgress.Partition progress() {
    long nextRecords = next == null ? 0 : next.taken.records().size();
    long pending = queue.records() + nextRecords + currentRecords;
    return new SinkProgress.Partition(
        partition,
        pending == 0 ? Math.max(appliedOffset, readOffset) : appliedOffset,
        pending + lagBehindRead,
        lastApplied == null ? 0 : lastApplied.tsMs(),
        lastApplied == null ? 0 : lastApplied.seq(),
        lastApplied == null ? "" : lastApplied.lsn(),
        isUnswept ? Checkpoint.UNSWEPT : Math.max(applying.sinceMs(), reading.sinceMs()));
  }

  /**
   * Ends the feed after the batch that is being applied, waiting for that at most so long. A batch
   * that takes longer goes on, as a writer that the next owner fences.
   */
  synchronized void close(long patienceMillis) {
    state = State.CLOSED;
    long end = System.nanoTime() + patienceMillis * 1_000_000;
    try {
      for (long left = patienceMillis; busy && left > 0; ) {
        wait(left);
        left = (end - System.nanoTime()) / 1_000_000;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!busy) {
      forget();
    }
  }

  /** The batch after the one in hand; its rows once they are folded. */
  private static final class Next {
    private final ReadQueue.Taken taken;
    private volatile @Nullable List<FoldedRow> rows;

    Next(ReadQueue.Taken taken) {
      this.taken = taken;
    }
  }
}

package dev.headwater.sinks.verify;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.RecordLookup;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Refusals;
import dev.headwater.sinks.Sink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes rows of a sink from the log once more, and those rows only.
 *
 * <p><b>One writer.</b> It takes the partition over, as a worker does, so the fence holds: from
 * then on nobody else writes the partition and its checkpoint stands. What each key should be at
 * that checkpoint is then certain, is written under that same checkpoint, and is read again. A
 * worker that fed the partition finds itself fenced, waits a second, takes the partition back and
 * goes on from the checkpoint it finds, which is its own. If it comes back earlier the repair is
 * what is refused, whole, and is done again. Killed at any moment it leaves a partition that any
 * worker takes.
 */
final class Mender implements AutoCloseable {
  /** What is written in one step holds a target up for a moment only. */
  private static final int ROWS_PER_STEP = 1_000;

  private static final long BYTES_PER_STEP = 4L << 20;
  private static final int ATTEMPTS = 20;
  private static final long PAUSE_MS = 1_500;

  /** A worker whose partition is taken so seldom has applied something in between. */
  private static final long BETWEEN_TAKES_MS = 5_000;

  private static final Duration TAIL_LIMIT = Duration.ofSeconds(30);

  private final Sink sink;
  private final ReadBack place;
  private final Evidence evidence;
  private final Tail tail;
  private final RecordLookup records;
  private final Map<Integer, Long> takenAt = new HashMap<>();
  private final Map<LogPartition, Set<Integer>> prepared = new HashMap<>();

  Mender(Sink sink, ReadBack place, LogConnection log, Evidence evidence, Tail tail) {
    this.sink = sink;
    this.place = place;
    this.evidence = evidence;
    this.tail = tail;
    this.records = RecordLookup.open(log);
  }

  /**
   * Puts rows right.
   *
   * @return those that are as the log says now
   */
  Set<Suspect> mend(List<Suspect> wrong) {
    Set<Suspect> mended = new HashSet<>();
    Map<Integer, List<Suspect>> byPartition = new HashMap<>();
    wrong.forEach(s -> byPartition.computeIfAbsent(s.partition(), p -> new ArrayList<>()).add(s));
    byPartition.forEach((ordinal, suspects) -> mend(ordinal, suspects, mended));
    return mended;
  }

  private void mend(int ordinal, List<Suspect> suspects, Set<Suspect> mended) {
    List<Suspect> left = suspects;
    for (int attempt = 1; !left.isEmpty() && attempt <= ATTEMPTS; attempt++) {
      List<Suspect> step = left.subList(0, Math.min(left.size(), ROWS_PER_STEP));
      try {
        int done = once(ordinal, step, mended);
        left = left.subList(done, left.size());
        attempt = 0;
      } catch (HeadwaterException e) {
        boolean isPassing = e.code() == FailureCode.FENCED || e.code().isRetriable();
        if (!isPassing || attempt == ATTEMPTS) {
          throw e;
        }
        Pause.millis(PAUSE_MS);
      }
    }
  }

  /** Takes the partition and works through a step; answers how many rows of it are done with. */
  private int once(int ordinal, List<Suspect> step, Set<Suspect> mended) {
    LogPartition partition = evidence.partition(ordinal);
    prepare(partition, 0);
    waitForWorker(ordinal);
    try (PartitionWriter writer = sink.take(partition)) {
      takenAt.put(ordinal, System.nanoTime());
      if (writer.checkpoint().isEmpty()
          || !writer.checkpoint().get().topicId().equals(partition.topicId())) {
        return step.size();
      }
      long at = writer.checkpoint().get().nextOffset();
      tail.await(ordinal, at, TAIL_LIMIT);
      Map<Long, LogRecord> values = values(partition, step, at);
      int done = write(writer, step, at, values);
      List<Suspect> written = step.subList(0, done);
      ReadBack.Look look = place.look(partition, written.stream().map(Suspect::name).toList());
      for (int i = 0; i < done; i++) {
        long hash = look.found().get(i).map(ContentHash::of).orElse(Entry.NOTHING);
        Verdict now = Verdict.of(written.get(i).lastBelow(at), hash, look.atMs());
        if (now != Verdict.WRONG) {
          mended.add(written.get(i));
        }
      }
      return done;
    }
  }

  private void waitForWorker(int ordinal) {
    Long before = takenAt.get(ordinal);
    if (before != null) {
      long left = BETWEEN_TAKES_MS - (System.nanoTime() - before) / 1_000_000;
      if (left > 0) {
        Pause.millis(left);
      }
    }
  }

  private Map<Long, LogRecord> values(LogPartition partition, List<Suspect> step, long at) {
    List<Long> offsets = new ArrayList<>();
    for (Suspect suspect : step) {
      suspect.lastBelow(at).filter(e -> !e.isNothing()).map(Entry::offset).ifPresent(offsets::add);
    }
    return records.read(partition, offsets);
  }

  /** Writes as many rows as fit into a step. */
  private int write(
      PartitionWriter writer, List<Suspect> step, long at, Map<Long, LogRecord> values) {
    LogPartition partition = writer.partition();
    List<FoldedRow> rows = new ArrayList<>();
    List<byte[]> foreign = new ArrayList<>();
    long bytes = 0;
    int done = 0;
    while (done < step.size() && bytes < BYTES_PER_STEP) {
      Suspect suspect = step.get(done++);
      Optional<Entry> right = suspect.lastBelow(at);
      if (right.isPresent() && !right.get().isNothing()) {
        LogRecord record = values.get(right.get().offset());
        // One that compaction has taken has a later one behind it, which its worker will write.
        if (record != null) {
          FoldedRow row = FoldedRow.of(record);
          prepare(partition, row.schemaVersion());
          rows.add(row);
          bytes += record.key().length + (record.value() == null ? 0 : record.value().length);
        }
      } else {
        place
            .rowOf(suspect.name())
            .ifPresentOrElse(
                row -> rows.add(new FoldedRow(row.key(), null, 0, at, 0, Optional.empty(), 0)),
                () -> foreign.add(suspect.name()));
      }
    }
    if (!rows.isEmpty()) {
      writer.repair(rows, Refusals.STOP);
    }
    if (!foreign.isEmpty()) {
      writer.remove(foreign);
    }
    return done;
  }

  /** A sink writes rows of schemas it was told of; 0 stands for the newest. */
  private void prepare(LogPartition partition, int version) {
    if (prepared.computeIfAbsent(partition, p -> new HashSet<>()).add(version)) {
      sink.prepare(
          version == 0
              ? evidence.latest(partition.table())
              : evidence.schema(partition.table(), version));
    }
  }

  @Override
  public void close() {
    records.close();
  }
}

package dev.headwater.sinks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.SimulatedLog.Written;
import dev.headwater.sinks.SimulatedTarget.Answer;
import dev.headwater.sinks.SimulatedTarget.Copy;
import dev.headwater.sinks.SimulatedTarget.Rule;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Feeding, sweeping, rebuilding and rolling back one partition, in one thread by a seeded schedule:
 * a log that is compacted and forgets its tombstones, readers that are slow or asleep, workers that
 * are killed and come back late, answers that are lost, a target that is cut in the middle of a
 * batch or restored from a backup. After every step:
 *
 * <ol>
 *   <li>each row that was written last below a generation's checkpoint is there as the log has it;
 *   <li>no row that was deleted last below it is there, where the checkpoint says that nothing was
 *       missed and its time is within the log's retention;
 *   <li>a generation's checkpoint has not gone back;
 *   <li>no row that readers see has gone back, over switches and rollbacks;
 *   <li>nothing is switched to that may hold deleted rows;
 * </ol>
 *
 * and (6) when all is quiet, the serving generation is the log, key for key, and known to be.
 *
 * <p>With any rule of the target's or the readers' left out some schedule must go wrong: a test
 * that cannot fail guards nothing.
 */
class FeedingSimulationTest {
  private static final int KEYS = 8;
  private static final int STEPS = 300;
  private static final int SCHEDULES = Integer.getInteger("feeding.schedules", 1_500);
  private static final long SEED = Long.getLong("feeding.seed", 1);
  private static final BatchLimit LIMIT = new BatchLimit(3, 1 << 20);
  private static final TableSchema SCHEMA =
      new TableSchema(
          SimulatedLog.PARTITION.table(),
          1,
          List.of(new ColumnSchema("id", PgType.base("int4"), "integer", false, null)),
          List.of("id"));

  /** What readers of the log heed. */
  enum Care {
    OLD_CHECKPOINTS,
    SLOW_READING
  }

  @Test
  void theTargetIsTheLogUnderEverySchedule() {
    for (int i = 0; i < SCHEDULES; i++) {
      assertThat(findingOf(SEED + i, EnumSet.allOf(Rule.class), EnumSet.allOf(Care.class)))
          .as("seed %d", SEED + i)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Rule.class)
  void goesWrongInATargetWithoutOneOfItsRules(Rule left) {
    assertThat(
            someScheduleGoesWrong(
                EnumSet.complementOf(EnumSet.of(left)), EnumSet.allOf(Care.class)))
        .as("without %s", left)
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource(Care.class)
  void goesWrongWhereReadersDoNotHeed(Care left) {
    assertThat(
            someScheduleGoesWrong(
                EnumSet.allOf(Rule.class), EnumSet.complementOf(EnumSet.of(left))))
        .as("without heeding %s", left)
        .isTrue();
  }

  private static boolean someScheduleGoesWrong(Set<Rule> rules, Set<Care> care) {
    for (int i = 0; i < SCHEDULES; i++) {
      if (!findingOf(SEED + i, rules, care).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static String findingOf(long seed, Set<Rule> rules, Set<Care> care) {
    try {
      new Simulation(seed, rules, care).run();
      return "";
    } catch (Finding finding) {
      return finding.getMessage();
    }
  }

  /** An invariant that does not hold. */
  private static final class Finding extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Finding(String what, Object... about) {
      super(what.formatted(about));
    }
  }

  private static final class Simulation implements InstantSource {
    final Random random;
    final Set<Care> care;
    final SimulatedLog log = new SimulatedLog(this);
    final SimulatedTarget target;
    final Map<Integer, Worker> workers = new TreeMap<>();
    final List<Runnable> late = new ArrayList<>();
    final Map<Integer, Long> checkpoints = new HashMap<>();
    final Map<Integer, Long> seen = new HashMap<>();
    Rebuild rebuild;
    long nowMs = 1_000_000;
    boolean rollsBack;
    boolean isQuiet;
    boolean isSweeping;
    boolean isAdvancing;

    Simulation(long seed, Set<Rule> rules, Set<Care> care) {
      // Of neighbouring seeds the first numbers hardly differ; their products' do.
      this.random = new Random(seed * 0x9E3779B97F4A7C15L);
      this.care = care;
      this.target = new SimulatedTarget(random.nextBoolean(), rules, random, this::whileFinishing);
      this.rebuild = newRebuild();
    }

    private Rebuild newRebuild() {
      return new Rebuild(
          target, generation -> Map.of(SimulatedLog.PARTITION, log.end()), generation -> 0, this);
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(nowMs);
    }

    void run() {
      for (int step = 0; step < STEPS; step++) {
        step();
      }
      settle();
    }

    private void step() {
      nowMs += random.nextInt(1_000);
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4 -> log.write(random.nextInt(KEYS), random.nextInt(3) == 0);
        case 5 -> log.mark();
        case 6 -> log.compact(random);
        case 7 -> seldom();
        case 8 -> generations();
        default -> work(someWorker());
      }
      judge();
    }

    private void seldom() {
      switch (random.nextInt(8)) {
        case 0 -> {
          // Everybody sleeps, but for the log's cleaner.
          log.compact(random);
          nowMs += random.nextInt((int) SimulatedLog.RETENTION_MS * 3);
          log.compact(random);
        }
        case 1 -> target.backUp();
        case 2 -> goBack(target.restore());
        case 3 -> rebuild = newRebuild();
        case 4 -> late.forEach(Runnable::run);
        default -> nowMs += random.nextInt((int) SimulatedLog.RETENTION_MS / 4);
      }
    }

    private void goBack(boolean isDone) {
      if (isDone) {
        checkpoints.clear();
        seen.clear();
      }
    }

    private Worker someWorker() {
      List<Integer> fed = List.copyOf(target.copies().keySet());
      int generation = fed.get(random.nextInt(fed.size()));
      return workers.computeIfAbsent(generation, Worker::new);
    }

    private void work(Worker worker) {
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> worker.poll();
        case 3 -> worker.compare();
        case 4 -> worker.makeNext();
        case 5 -> sweepIfDue(worker);
        case 6 -> {
          if (random.nextInt(6) == 0) {
            worker.die();
          }
        }
        default -> worker.apply(answer());
      }
    }

    private Answer answer() {
      return random.nextInt(3) > 0
          ? Answer.DONE
          : Answer.values()[random.nextInt(Answer.values().length)];
    }

    /** What the supervisors do: begin, switch, roll back, drop. */
    private void generations() {
      if (isAdvancing) {
        return;
      }
      isAdvancing = true;
      try {
        advance();
      } finally {
        isAdvancing = false;
      }
    }

    private void whileFinishing() {
      for (int i = random.nextInt(60); i > 0; i--) {
        step();
      }
    }

    private void advance() {
      GenerationSet set = target.read();
      Optional<Generation> next = rollsBack ? set.previous() : set.building();
      if (next.isPresent()) {
        boolean isSwitched = rebuild.advance(next.get(), "request", true).isSwitched();
        if (isSwitched && !isSwept(target.serving())) {
          throw new Finding("5: switched to %s", target.serving().checkpoint);
        }
        rollsBack &= !isSwitched;
        return;
      }
      rollsBack = false;
      if (set.previous().isEmpty()) {
        target.begin("request", "", true);
      } else if (random.nextInt(3) == 0) {
        rollsBack = true;
      } else if (random.nextInt(3) == 0) {
        int gone = set.previous().get().number();
        target.drop(gone, "");
        checkpoints.remove(gone);
        workers.remove(gone);
      }
    }

    private void sweepIfDue(Worker worker) {
      boolean isDue =
          worker.isAlive && worker.feed.wantsSweep(worker.rule.patienceMs(SimulatedLog.PARTITION));
      if (isSweeping || !isDue) {
        return;
      }
      isSweeping = true;
      try (Sweep sweep = new Sweep(log, worker.feed, false)) {
        worker.feed.beginSweep(sweep);
        boolean isWhole = false;
        try {
          KeyScan scan = (schema, receiver) -> scan(worker, receiver);
          isWhole = sweep.run(scan, 1, SCHEMA, () -> goesOn(worker)).isPresent();
        } finally {
          worker.feed.endSweep(sweep, isWhole);
        }
      } finally {
        isSweeping = false;
      }
    }

    private void scan(Worker worker, KeyScan.Receiver receiver) {
      for (int key : target.keys(worker.generation)) {
        meanwhile();
        if (target.keys(worker.generation).contains(key)) {
          receiver.key(SimulatedLog.key(key));
        }
      }
    }

    /** Other things happen while a sweep runs, and what it hands over is applied in the end. */
    private boolean goesOn(Worker worker) {
      meanwhile();
      worker.poll();
      worker.compare();
      for (int i = 0; i < 3; i++) {
        worker.apply(Answer.DONE);
      }
      if (!isQuiet && random.nextInt(20) == 0) {
        goBack(target.loseTheLast());
      }
      return worker.isAlive && worker.feed.state() == PartitionFeed.State.RUNNING;
    }

    private void meanwhile() {
      for (int i = isQuiet ? 0 : random.nextInt(4); i > 0; i--) {
        step();
      }
    }

    private static boolean isSwept(Copy copy) {
      return copy.checkpoint != null && copy.checkpoint.isSwept();
    }

    private void judge() {
      target.copies().forEach(this::judge);
      Copy serving = target.serving();
      for (Map.Entry<Integer, Long> row : serving.rows.entrySet()) {
        long before = seen.getOrDefault(row.getKey(), 0L);
        if (row.getValue() < before) {
          throw new Finding("4: row %s was seen with version %d before", row, before);
        }
      }
      seen.putAll(serving.versions);
    }

    private void judge(int generation, Copy copy) {
      Checkpoint checkpoint = copy.checkpoint;
      if (checkpoint == null) {
        return;
      }
      long before = checkpoints.merge(generation, checkpoint.nextOffset(), Math::max);
      if (before > checkpoint.nextOffset()) {
        throw new Finding("3: generation %d went from %d to %s", generation, before, checkpoint);
      }
      boolean isSwept =
          checkpoint.isSwept() && nowMs - checkpoint.levelAtMs() <= SimulatedLog.RETENTION_MS;
      for (Written last : log.lastWritten()) {
        // Of a key with a newer record, the older may have been cleaned away before it was read.
        if (last.offset() < checkpoint.nextOffset()) {
          judge(generation, copy, last, isSwept);
        }
      }
    }

    private void judge(int generation, Copy copy, Written last, boolean isSwept) {
      @Nullable Long version = copy.rows.get(last.key());
      if (!last.isDelete() && (version == null || version != last.seq())) {
        throw new Finding("1: generation %d has %s of %s", generation, version, last);
      }
      if (last.isDelete() && version != null && isSwept) {
        throw new Finding("2: generation %d has %s of %s", generation, version, last);
      }
    }

    /** No more faults: all that was begun comes to its end. */
    private void settle() {
      isQuiet = true;
      late.forEach(Runnable::run);
      for (int round = 0; round < 200; round++) {
        nowMs += 500;
        for (int generation : List.copyOf(target.copies().keySet())) {
          Worker worker = workers.computeIfAbsent(generation, Worker::new);
          worker.compare();
          worker.poll();
          worker.makeNext();
          worker.apply(Answer.DONE);
          sweepIfDue(worker);
          judge();
        }
      }
      Copy serving = target.serving();
      Map<Integer, Long> expected = new TreeMap<>();
      for (Written last : log.lastWritten()) {
        if (!last.isDelete()) {
          expected.put(last.key(), last.seq());
        }
      }
      if (!isSwept(serving)) {
        throw new Finding("6: not settled at %s of %d", serving.checkpoint, log.end());
      }
      if (!serving.rows.equals(expected)) {
        throw new Finding("6: %s instead of %s", serving.rows, expected);
      }
    }

    /** A process that feeds one generation, as {@link SinkWorker} does. */
    private final class Worker {
      final int generation;
      final PartitionFeed feed;
      final CheckpointRule rule;
      final CheckpointRule heeded;
      long position;
      boolean isAlive = true;
      boolean isNextAsked;

      Worker(int generation) {
        this.generation = generation;
        this.feed = new PartitionFeed(SimulatedLog.PARTITION, generation, Simulation.this);
        this.rule = new CheckpointRule("sink", generation, true, log, Simulation.this);
        this.heeded = new CheckpointRule("sink", generation, true, patient(), Simulation.this);
      }

      /** A log that keeps its tombstones for ever, for whoever does not heed that it does not. */
      private LogView patient() {
        return new LogView() {
          @Override
          public long committedEnd(LogPartition partition) {
            return log.end();
          }

          @Override
          public long deleteRetentionMs(LogPartition partition) {
            return Long.MAX_VALUE;
          }

          @Override
          public boolean read(
              LogPartition partition,
              long end,
              BooleanSupplier goesOn,
              Predicate<LogRecord> receiver) {
            throw new UnsupportedOperationException("asked by sweeps only");
          }
        };
      }

      void poll() {
        if (isAlive && feed.state() == PartitionFeed.State.RUNNING) {
          List<LogRecord> some = log.read(position, 1 + random.nextInt(5));
          position = some.isEmpty() ? log.end() : some.get(some.size() - 1).offset() + 1;
          feed.offer(new PartitionBatch(SimulatedLog.PARTITION, some, position));
        }
      }

      void compare() {
        if (isAlive && feed.state() == PartitionFeed.State.RUNNING) {
          feed.compareWithEnd(
              position, log.end(), nowMs, care.contains(Care.SLOW_READING) ? rule : heeded);
        }
      }

      void makeNext() {
        if (isNextAsked) {
          isNextAsked = false;
          feed.makeNext(LIMIT, (by, rows) -> {});
        }
      }

      void apply(Answer answer) {
        if (!isAlive || !feed.claim()) {
          return;
        }
        try {
          if (feed.state() == PartitionFeed.State.UNTAKEN) {
            take();
          } else {
            FoldedBatch batch = feed.batch(LIMIT);
            isNextAsked |= feed.asksForNext(LIMIT);
            ((SimulatedTarget.Writer) feed.writer()).answering(answer).apply(batch, Refusals.STOP);
            feed.applied(batch);
          }
        } catch (HeadwaterException e) {
          if (e.code() == FailureCode.FENCED) {
            feed.fenced(0);
          } else if (random.nextBoolean() && !isQuiet) {
            isAlive = false;
            workers.remove(generation, this);
          } else {
            feed.retryAfter(0);
          }
        } finally {
          feed.release();
        }
      }

      private void take() {
        long beganMs = rule.now();
        SimulatedTarget.Writer taken = target.take(generation);
        boolean heeds = care.contains(Care.OLD_CHECKPOINTS);
        feed.taken(taken, heeds ? rule.levelAt(taken, beganMs) : nowMs);
        position = feed.startOffset().orElse(0L);
        feed.started();
      }

      /** The process ends, or hangs with a batch that will reach the target late. */
      void die() {
        isAlive = false;
        workers.remove(generation, this);
        if (feed.state() == PartitionFeed.State.RUNNING && feed.claim()) {
          FoldedBatch batch = feed.batch(LIMIT);
          SimulatedTarget.Writer by = (SimulatedTarget.Writer) feed.writer();
          late.add(() -> tooLate(by, batch));
        }
      }

      private void tooLate(SimulatedTarget.Writer by, FoldedBatch batch) {
        try {
          by.answering(Answer.DONE).apply(batch, Refusals.STOP);
        } catch (HeadwaterException e) {
          if (e.code() != FailureCode.FENCED) {
            throw e;
          }
        }
      }
    }
  }
}

package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.snapshot.SnapshotConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What keeps a load from taking all it can, and what becomes of one that is stopped half-way. */
@Timeout(180)
class LoadLimitsIT {
  private static final int ROWS = 12_000;
  private static final int RATE = 2_000;
  private static final long MAX_LAG = 1 << 20;

  @Test
  void theRateIsKeptByAllReadersTogether() throws Exception {
    String name = FreshName.of("rated");
    create(name);
    try (LoadBench bench = bench(name, RATE, UnaryOperator.identity())) {
      await(() -> bench.engine.report().rows() > 0, "the first row");
      long before = bench.engine.report().rows();
      long start = System.nanoTime();
      bench.awaitLoaded(Duration.ofMinutes(2));
      double seconds = (System.nanoTime() - start) / 1e9;
      // Slower it may be, on a machine that is busy; that it is not without reason is
      // RateLimitTest's to show.
      assertThat((ROWS - before) / seconds).isLessThan(1.2 * RATE);
    }
    assertThat(log(name).records).containsOnly(java.util.Map.entry("r", ROWS));
  }

  @Test
  void noChunkIsReadWhileTheStreamIsFartherBehindThanItMayBe() throws Exception {
    String name = FreshName.of("lagging");
    create(name);
    AtomicLong lag = new AtomicLong(MAX_LAG + 1);
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger windows = new AtomicInteger();
    try (LoadBench bench = bench(name, 0, session -> behind(session, lag, asked, windows))) {
      await(() -> asked.get() > 50, "readers that ask for the lag");
      assertThat(windows).hasValue(0);
      lag.set(MAX_LAG);
      await(() -> windows.get() > 0, "a window");
      lag.set(MAX_LAG + 1);
      int then = asked.get();
      await(() -> asked.get() > then + 10, "readers that ask again");
      int opened = windows.get();
      await(() -> asked.get() > then + 60, "readers that still wait");
      assertThat(windows).hasValue(opened);
      lag.set(0);
      bench.awaitLoaded(Duration.ofMinutes(2));
    }
    assertThat(log(name).records).containsOnly(java.util.Map.entry("r", ROWS));
  }

  @Test
  void chunksOfALoadThatWasStoppedAreNotReadAgain() throws Exception {
    String name = FreshName.of("stopped");
    create(name);
    try (LoadBench bench = bench(name, RATE, UnaryOperator.identity())) {
      await(() -> bench.engine.report().rows() >= ROWS / 4, "a quarter of the rows");
    }
    int before = log(name).records.get("r");
    assertThat(before).isBetween(ROWS / 4, ROWS - 1);
    try (LoadBench bench = bench(name, 0, UnaryOperator.identity())) {
      bench.awaitLoaded(Duration.ofMinutes(2));
    }
    FoldedLog after = log(name);
    assertThat(after.rows).hasSize(ROWS);
    assertThat(after.readsByKey.values()).allMatch(times -> times == 1);
  }

  private static LoadSession behind(
      LoadSession session, AtomicLong lag, AtomicInteger asked, AtomicInteger windows) {
    return ObservedSession.of(
        session,
        method -> {
          if (method.equals("openWindow")) {
            windows.incrementAndGet();
          }
          if (!method.equals("lagBytes")) {
            return Optional.empty();
          }
          asked.incrementAndGet();
          return Optional.of(OptionalLong.of(lag.get()));
        });
  }

  private static LoadBench bench(String name, long rate, UnaryOperator<LoadSession> seen) {
    return new LoadBench(
            LoadBench.config(name, SharedServices.postgres().port(), name, List.of("public.t")),
            new SnapshotConfig(2, 500, 1 << 20, rate, MAX_LAG),
            OddTablesIT.brokers(),
            seen)
        .start();
  }

  private static void create(String name) throws Exception {
    OddTablesIT.execute(
        OddTablesIT.create(name),
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, " + ROWS + ") i");
  }

  private static FoldedLog log(String name) throws Exception {
    return FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, "t"));
  }

  private static void await(BooleanSupplier condition, String what) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting for " + what).isLessThan(deadline);
      Thread.sleep(5);
    }
  }
}

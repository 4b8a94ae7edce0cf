package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.verify.Defect;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Progress;
import dev.headwater.sinks.verify.Report;
import dev.headwater.sinks.verify.Verification;
import dev.headwater.sinks.verify.Verification.Options;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What verification and repair keep, whatever the target: a real log, a worker, live changes. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class VerificationContract {
  private static final int ROWS = 1_500;
  private static final int EACH = 50;
  private static final int GHOSTS_FROM = 900_000;
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();

  /** A target of its own for tables whose key is {@code id}. */
  protected abstract SinkTarget target();

  @Test
  void raisesNoAlarmUnderLoadAndNamesAndMendsJustWhatHandsHaveDone() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (SinkTarget target = target();
        TestLog log = new TestLog(BROKERS, table, 2);
        Feeding feeding = new Feeding(target, table)) {
      IntStream.range(0, ROWS).forEach(i -> log.put(key(i), row(i, "row " + i, i)));
      IntStream.range(ROWS - 20, ROWS).forEach(i -> log.delete(key(i)));
      log.commit();
      feeding.awaitLevel();
      try (Load load = new Load(log)) {
        for (int run = 0; run < 10; run++) {
          Report report = feeding.verify(Options.comparing(10));
          assertThat(report.listed()).as("run " + run).isEmpty();
          assertThat(report.isEqual()).isTrue();
          assertThat(report.rows()).isEqualTo(ROWS - 20);
        }

        Map<String, Kind> done = vandalise(target, table);
        assertThat(found(feeding.verify(Options.comparing(1_000)))).isEqualTo(done);

        Report mended = feeding.verify(Options.comparing(1_000).mending(feeding.sink));
        assertThat(found(mended)).isEqualTo(done);
        assertThat(mended.listed()).allMatch(Defect::isMended);
        assertThat(mended.isEqual()).isTrue();

        assertThat(feeding.verify(Options.comparing(10)).listed()).isEmpty();
        System.out.printf(
            "%s: the hot row changed %.0f times a second%n",
            getClass().getSimpleName(), load.perSecond());
      }
      feeding.awaitLevel();
      assertThat(target.count(table.schema())).isEqualTo(ROWS - 20);
      assertThat(target.read(table.schema(), key(120)).orElseThrow()).contains("row 120");
    }
  }

  /** Why value and position are read together: a row that changes is accused where they are not. */
  @Test
  void aValueReadApartFromItsPositionRaisesFalseAlarms() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (SinkTarget target = target();
        TestLog log = new TestLog(BROKERS, table, 1);
        Feeding feeding = new Feeding(target, table)) {
      IntStream.range(0, 20).forEach(i -> log.put(key(i), row(i, "row " + i, i)));
      log.commit();
      feeding.awaitLevel();
      try (Load load = new Load(log)) {
        long alarms = 0;
        for (int run = 0; run < 30 && alarms == 0; run++) {
          Report report = feeding.verify(new Torn(feeding.sink.readBack()), Options.comparing(10));
          alarms = report.listed().size();
          assertThat(feeding.verify(Options.comparing(10)).listed()).isEmpty();
        }
        assertThat(alarms).as("the load changed " + load.perSecond() + " rows/s").isPositive();
      }
    }
  }

  @Test
  void namesTheColumnsThatDiffer() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (SinkTarget target = target();
        TestLog log = new TestLog(BROKERS, table, 1);
        Feeding feeding = new Feeding(target, table)) {
      log.put(key(1), row(1, "one", 1)).put(key(2), row(2, "two", 2)).commit();
      feeding.awaitLevel();
      target.byHand(table.schema(), key(2), row(2, "two", 3));

      Report report = feeding.verify(Options.comparing(10));

      assertThat(report.isEqual()).isFalse();
      Defect only = report.listed().get(0);
      assertThat(only.kind()).isEqualTo(Kind.DIFFERENT);
      assertThat(only.columns()).isEqualTo(Set.of("qty"));
      assertThat(new String(only.row().orElseThrow().key(), UTF_8)).isEqualTo(key(2));
      assertThat(report.count(Kind.DIFFERENT)).isEqualTo(1);
    }
  }

  /**
   * A worker that is away leaves a sink behind, which is not wrong, and may be mended all the same.
   */
  @Test
  void comparesAtTheSinksOwnPositionWhileNoWorkerRuns() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (SinkTarget target = target();
        TestLog log = new TestLog(BROKERS, table, 1)) {
      try (Feeding feeding = new Feeding(target, table)) {
        log.put(key(1), row(1, "one", 1)).put(key(2), row(2, "two", 2)).commit();
        feeding.awaitLevel();
        feeding.stopWorker();
        log.put(key(1), row(1, "newer", 9)).delete(key(2)).put(key(3), row(3, "x", 3)).commit();
        Report behind = feeding.verify(Options.comparing(10));
        assertThat(behind.listed()).isEmpty();
        assertThat(behind.lagRecords()).isPositive();

        target.byHand(table.schema(), key(7), row(7, "ghost", 7));
        Report mended = feeding.verify(Options.comparing(10).mending(feeding.sink));
        assertThat(mended.isEqual()).isTrue();
        assertThat(mended.mended(Kind.EXTRA)).isEqualTo(1);
        assertThat(target.read(table.schema(), key(7))).isEmpty();
        assertThat(target.read(table.schema(), key(2))).isPresent();
      }
      try (Feeding feeding = new Feeding(target, table)) {
        feeding.awaitLevel();
        assertThat(feeding.verify(Options.comparing(10)).listed()).isEmpty();
        assertThat(target.read(table.schema(), key(2))).isEmpty();
      }
    }
  }

  private static Map<String, Kind> vandalise(SinkTarget target, TestRows table) {
    Map<String, Kind> done = new TreeMap<>();
    for (int i = 0; i < EACH; i++) {
      target.byHand(table.schema(), key(100 + i), row(100 + i, "by hand", -1));
      done.put(key(100 + i), Kind.DIFFERENT);
      target.byHand(table.schema(), key(200 + i), null);
      done.put(key(200 + i), Kind.MISSING);
      target.byHand(table.schema(), key(GHOSTS_FROM + i), row(GHOSTS_FROM + i, "ghost", 0));
      done.put(key(GHOSTS_FROM + i), Kind.EXTRA);
    }
    return done;
  }

  private static Map<String, Kind> found(Report report) {
    Map<String, Kind> found = new TreeMap<>();
    report
        .listed()
        .forEach(d -> found.put(new String(d.row().orElseThrow().key(), UTF_8), d.kind()));
    return found;
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited for a minute in vain");
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A worker that feeds the target, and what looks at it from another process's point of view. */
  static final class Feeding implements AutoCloseable {
    final LogConnection log = TestLog.connect(BROKERS, Duration.ofDays(7));
    final Sink sink;
    private final SinkTarget target;
    private final TestRows table;
    private final DeadLetters letters;
    private final SinkWorker worker;
    private final Thread thread;
    private volatile boolean stopped;

    Feeding(SinkTarget target, TestRows table) {
      this.target = target;
      this.table = table;
      this.sink = target.open();
      this.letters = DeadLetters.open(log, sink.name());
      this.worker = new SinkWorker(target.open(), log, table.schema().table()::equals, 2, letters);
      this.thread = new Thread(worker, "worker");
      thread.start();
    }

    void awaitLevel() {
      ReadBack place = sink.readBack();
      place.learn(table.schema());
      await(
          () -> {
            try {
              return !worker.progress().partitions().isEmpty() && isLevel(place);
            } catch (HeadwaterException e) {
              // A server that has just been asked for an index is not ready at once.
              assertThat(e.code().isRetriable()).as(e.getMessage()).isTrue();
              return false;
            }
          });
    }

    private boolean isLevel(ReadBack place) {
      return LogPartitions.of(log, new SchemaStore(log), table.schema().table()::equals)
          .values()
          .stream()
          .flatMap(List::stream)
          .allMatch(
              p ->
                  place.look(p, List.of()).fromOffset().orElse(-1)
                      >= LogPartitions.committedEnd(log, p));
    }

    Report verify(Options options) {
      return verify(sink.readBack(), options);
    }

    Report verify(ReadBack place, Options options) {
      return new Verification(
              sink.name(), place, log, table.schema().table()::equals, options, Progress.NONE)
          .run();
    }

    void stopWorker() throws InterruptedException {
      if (!stopped) {
        stopped = true;
        worker.close();
        thread.join();
      }
    }

    @Override
    public void close() throws InterruptedException {
      stopWorker();
      letters.close();
      sink.close();
      log.close();
    }
  }

  /** Reads the position, and a moment later the values, and says that they belong together. */
  private static final class Torn implements ReadBack {
    private final ReadBack place;

    Torn(ReadBack place) {
      this.place = place;
    }

    @Override
    public Look look(LogPartition partition, List<byte[]> names) {
      Look before = place.look(partition, List.of());
      try {
        Thread.sleep(30);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      Look after = place.look(partition, names);
      return new Look(before.fromOffset(), before.fromOffset(), after.atMs(), after.found());
    }

    @Override
    public void learn(TableSchema schema) {
      place.learn(schema);
    }

    @Override
    public byte[] name(TableId table, byte[] key) {
      return place.name(table, key);
    }

    @Override
    public Optional<Row> rowOf(byte[] name) {
      return place.rowOf(name);
    }

    @Override
    public boolean hasStrangers() {
      return place.hasStrangers();
    }

    @Override
    public Content expected(TableId table, FoldedRow row) {
      return place.expected(table, row);
    }

    @Override
    public void scan(Visitor visitor) {
      place.scan(visitor);
    }

    @Override
    public void close() {
      place.close();
    }
  }

  /** One row that changes as often as the log bears, and others now and then. */
  static final class Load implements AutoCloseable {
    private final TestLog log;
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong changes = new AtomicLong();
    private final long began = System.nanoTime();
    private final Thread thread = new Thread(this::write, "load");

    Load(TestLog log) {
      this.log = log;
      thread.start();
    }

    private void write() {
      Set<Integer> others = new TreeSet<>(List.of(2, 3, 4, 5, 6));
      for (int i = 1; !stop.get(); i++) {
        for (int change = 0; change < 10; change++) {
          log.put(key(1), row(1, "hot", i * 10 + change));
          changes.incrementAndGet();
        }
        int other = 1_000 + i % 300;
        log.put(key(other), row(other, "warm", i));
        if (i % 7 == 0) {
          others.forEach(id -> log.delete(key(id)));
          others.forEach(id -> log.put(key(id), row(id, "again", id)));
        }
        log.commit();
        try {
          Thread.sleep(10);
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    double perSecond() {
      return changes.get() / ((System.nanoTime() - began) / 1e9);
    }

    @Override
    public void close() throws InterruptedException {
      stop.set(true);
      thread.join();
    }
  }
}

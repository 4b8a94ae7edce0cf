package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPooled;

/** Workers between a real Kafka and a real Redis. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SinkWorkerIT {
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();

  private final String name = "worker-" + NAMES.incrementAndGet() + "-" + System.nanoTime();

  @Test
  void appliesARowWellUnderASecondAfterItsCommit() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (TestLog log = new TestLog(BROKERS, table, 1);
        Running worker = start(SharedServices.redis(), table);
        JedisPooled redis = redis(SharedServices.redis())) {
      log.put(key(0), row(0, "warm", 0)).commit();
      await(() -> redis.exists(name + ":0"));
      List<Long> millis = new ArrayList<>();
      for (int i = 1; i <= 30; i++) {
        int id = i;
        log.put(key(id), row(id, "x", id));
        long committedAt = System.nanoTime();
        log.commit();
        await(() -> redis.exists(name + ":" + id));
        millis.add((System.nanoTime() - committedAt) / 1_000_000);
      }
      millis.sort(null);
      System.out.printf(
          "commit to sink: median %d ms, slowest %d ms%n", millis.get(15), millis.get(29));
      assertThat(millis.get(15)).isLessThan(500);
      await(() -> worker.progress().lagRecords() == 0);
      SinkProgress.Partition partition = worker.progress().partitions().get(0);
      assertThat(partition.nextOffset()).isPositive();
      assertThat(partition.lastLsn()).isNotEmpty();
      assertThat(worker.progress().state()).isEqualTo(SinkProgress.State.RUNNING);
    }
  }

  @Test
  void followsSchemasAsRowsBringThem() {
    TestRows table = TestRows.withNumberKey();
    List<ColumnSchema> wider = new ArrayList<>(table.schema().columns());
    wider.add(TestRows.column("colour", "text", "text", true));
    Set<Integer> prepared = ConcurrentHashMap.newKeySet();
    try (TestLog log = new TestLog(BROKERS, table, 1);
        Running worker =
            start(
                new ForwardingSink(sink(SharedServices.redis())) {
                  @Override
                  public void prepare(TableSchema schema) {
                    prepared.add(schema.version());
                    super.prepare(schema);
                  }
                },
                table);
        JedisPooled redis = redis(SharedServices.redis())) {
      log.put(key(1), row(1, "one", 1)).commit();
      await(() -> redis.exists(name + ":1"));

      log.follow(new TableSchema(table.schema().table(), 2, wider, table.schema().key()))
          .put(key(2), row(2, "two", 2))
          .commit();

      await(() -> redis.exists(name + ":2"));
      assertThat(prepared).containsExactlyInAnyOrder(1, 2);
      assertThat(worker.progress().partitions()).hasSize(1);
    }
  }

  @Test
  void twoWorkersShareFourPartitionsAndOneGoesOnWhenTheOtherDies() throws Exception {
    TestRows table = TestRows.withNumberKey();
    Map<String, String> expected = new HashMap<>();
    Random random = new Random(7);
    try (TestLog log = new TestLog(BROKERS, table, 4);
        JedisPooled redis = redis(SharedServices.redis())) {
      write(log, random, expected, 4_000);
      AtomicInteger frozen = new AtomicInteger();
      CompletableFuture<Void> thaw = new CompletableFuture<>();
      Running first = start(new FreezingSink(sink(SharedServices.redis()), frozen, thaw), table);
      Running second = start(SharedServices.redis(), table);
      await(
          () ->
              first.progress().partitions().size() == 2
                  && second.progress().partitions().size() == 2);
      write(log, random, expected, 4_000);

      // The first stops in the middle of a batch without a word, as a paused machine does.
      frozen.set(1);
      write(log, random, expected, 4_000);
      await(() -> frozen.get() == 2);
      first.worker.close();
      await(() -> second.progress().partitions().size() == 4);
      write(log, random, expected, 4_000);
      await(() -> contents(redis).equals(expected));

      // And comes back: what it still had in hand changes nothing.
      thaw.complete(null);
      await(() -> frozen.get() == 3);
      assertThat(contents(redis)).isEqualTo(expected);
      first.close();
      second.close();
    }
  }

  @Test
  void aWorkerGoesOnFromTheTargetsCheckpoint() throws Exception {
    TestRows table = TestRows.withNumberKey();
    Map<String, String> expected = new HashMap<>();
    Random random = new Random(11);
    try (TestLog log = new TestLog(BROKERS, table, 2);
        JedisPooled redis = redis(SharedServices.redis())) {
      for (int round = 0; round < 3; round++) {
        try (Running worker = start(SharedServices.redis(), table)) {
          write(log, random, expected, 1_000);
          await(() -> contents(redis).equals(expected));
          assertThat(worker.progress().detail()).isEmpty();
        }
        write(log, random, expected, 500);
      }
      AtomicInteger rows = new AtomicInteger();
      try (Running worker = start(new CountingSink(sink(SharedServices.redis()), rows), table)) {
        await(() -> contents(redis).equals(expected));
        assertThat(worker.progress().state()).isEqualTo(SinkProgress.State.RUNNING);
      }
      assertThat(rows.get()).isLessThanOrEqualTo(500);
    }
  }

  @Test
  void aTargetThatLostWhatWasAppliedIsFilledAgainByItself() throws Exception {
    TestRows table = TestRows.withNumberKey();
    Map<String, String> expected = new HashMap<>();
    Random random = new Random(5);
    try (RedisServer server = RedisServer.start();
        TestLog log = new TestLog(BROKERS, table, 2);
        Running worker = start(server, table)) {
      write(log, random, expected, 2_000);
      await(() -> contents(server).equals(expected));

      server.kill();
      write(log, random, expected, 500);
      await(() -> worker.progress().state() == SinkProgress.State.RETRYING);
      assertThat(worker.progress().detail()).contains("Redis at");
      server.restart();
      await(() -> contents(server).equals(expected));
      await(() -> worker.progress().state() == SinkProgress.State.RUNNING);

      // No new row comes to show the loss: the worker looks by itself.
      try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
        redis.flushAll();
      }
      await(() -> contents(server).equals(expected));
    }
  }

  @Test
  void aWorkerMayStartBeforeItsTargetAndItsTables() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (RedisServer server = RedisServer.start()) {
      server.stop();
      try (Running worker = start(server, table);
          TestLog log = new TestLog(BROKERS, table, 1)) {
        log.put(key(1), row(1, "one", 1)).commit();
        await(() -> worker.progress().state() == SinkProgress.State.RETRYING);
        server.restart();
        await(() -> contents(server).equals(Map.of(name + ":1", row(1, "one", 1))));
      }
    }
  }

  @Test
  void aCheckpointOlderThanHalfTheRetentionStopsTheWorker() throws Exception {
    TestRows table = TestRows.withNumberKey();
    Duration retention = Duration.ofSeconds(4);
    try (TestLog log = new TestLog(BROKERS, table, 1, retention);
        JedisPooled redis = redis(SharedServices.redis())) {
      try (Running worker = start(SharedServices.redis(), table)) {
        log.put(key(1), row(1, "one", 1)).commit();
        await(() -> redis.exists(name + ":1"));
        assertThat(worker.failure()).isNull();
      }
      Thread.sleep(retention.toMillis() / 2 + 500);
      log.delete(key(1)).commit();

      try (Running worker = start(SharedServices.redis(), table)) {
        await(() -> worker.failure() != null);
        assertThat(worker.failure().code()).isEqualTo(FailureCode.CHECKPOINT_STALE);
        assertThat(worker.failure().hint()).contains("headwater rebuild " + name);
      }
      assertThat(redis.exists(name + ":1")).isTrue();
    }
  }

  /** What reads waits for what applies, so the end of the log is long in coming. */
  @Test
  void aReplaySlowerThanTheRetentionOfDeletesIsNotTakenForWhole() {
    TestRows table = TestRows.withNumberKey();
    try (TestLog log = new TestLog(BROKERS, table, 1, Duration.ofSeconds(4))) {
      // Far more than is read ahead of the target.
      String large = "x".repeat(1_000);
      for (int id = 0; id < 40_000; id++) {
        log.put(key(id), row(id, large, id));
      }
      log.commit();
      try (Running worker = start(SharedServices.redis(), table)) {
        worker.worker.limitRate(1);
        await(() -> worker.failure() != null);

        assertThat(worker.failure().code()).isEqualTo(FailureCode.CHECKPOINT_STALE);
        assertThat(worker.failure().hint()).contains("headwater rebuild " + name);
      }
    }
  }

  @Test
  void anOldCheckpointAtTheEndOfTheLogIsGood() throws Exception {
    TestRows table = TestRows.withNumberKey();
    Duration retention = Duration.ofSeconds(20);
    try (TestLog log = new TestLog(BROKERS, table, 1, retention);
        JedisPooled redis = redis(SharedServices.redis())) {
      try (Running worker = start(SharedServices.redis(), table)) {
        log.put(key(1), row(1, "one", 1)).commit();
        await(() -> worker.standing(redis));
      }
      Thread.sleep(retention.toMillis() / 2 + 500);

      try (Running worker = start(SharedServices.redis(), table)) {
        await(
            () ->
                worker.progress().partitions().stream().mapToLong(p -> p.nextOffset()).sum() == 2);
        log.put(key(2), row(2, "two", 2)).commit();
        await(() -> redis.exists(name + ":2") || worker.failure() != null);
        assertThat(worker.failure()).isNull();
      }
    }
  }

  @Test
  void aTopicMadeAgainStopsTheWorker() throws Exception {
    TestRows table = TestRows.withNumberKey();
    try (TestLog log = new TestLog(BROKERS, table, 1);
        JedisPooled redis = redis(SharedServices.redis());
        LogConnection admin = TestLog.connect(BROKERS, Duration.ofDays(7))) {
      try (Running worker = start(SharedServices.redis(), table)) {
        log.put(key(1), row(1, "one", 1)).commit();
        await(() -> redis.exists(name + ":1"));
        assertThat(worker.failure()).isNull();
      }
      admin.admin().deleteTopics(List.of(log.topic().name())).all().get();
      try (TestLog again = new TestLog(BROKERS, table, 1);
          Running worker = start(SharedServices.redis(), table)) {
        again.put(key(1), row(1, "two", 1)).commit();
        await(() -> worker.failure() != null);
        assertThat(worker.failure().code()).isEqualTo(FailureCode.CHECKPOINT_STALE);
      }
    }
  }

  private void write(TestLog log, Random random, Map<String, String> expected, int writes) {
    for (int i = 0; i < writes; i++) {
      int id = random.nextInt(1_000);
      if (random.nextInt(5) == 0) {
        log.delete(key(id));
        expected.remove(name + ":" + id);
      } else {
        String row = row(id, "v" + random.nextInt(), i);
        log.put(key(id), row);
        expected.put(name + ":" + id, row);
      }
      if (i % 37 == 0) {
        log.commit();
      }
    }
    log.commit();
  }

  private Sink sink(RedisServer server) {
    return new FirstGeneration(
        new SinkConfig.Redis(
            name,
            server.url(),
            Optional.empty(),
            Optional.empty(),
            List.of("*"),
            name + ":{id}",
            SinkConfig.Redis.Value.JSON,
            Duration.ZERO,
            SinkConfig.Redis.Generations.IN_PLACE));
  }

  private Running start(RedisServer server, TestRows table) {
    return start(sink(server), table);
  }

  private Running start(Sink sink, TestRows table) {
    return new Running(sink, table);
  }

  private static JedisPooled redis(RedisServer server) {
    return new JedisPooled("127.0.0.1", server.port());
  }

  private Map<String, String> contents(RedisServer server) {
    try (JedisPooled redis = redis(server)) {
      return contents(redis);
    }
  }

  private Map<String, String> contents(JedisPooled redis) {
    Map<String, String> contents = new HashMap<>();
    Set<String> names = new HashSet<>(redis.keys(name + ":*"));
    names.forEach(
        key -> {
          String value = redis.get(key);
          if (value != null) {
            contents.put(key, value);
          }
        });
    return contents;
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not so within a minute");
      }
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }

  /** A worker as a process of its own would run it. */
  private final class Running implements AutoCloseable {
    private final LogConnection log = TestLog.connect(BROKERS, Duration.ofDays(7));
    private final DeadLetters letters;
    private final SinkWorker worker;
    private final CompletableFuture<Void> run;

    Running(Sink sink, TestRows table) {
      letters = DeadLetters.open(log, sink.name());
      worker = new SinkWorker(sink, log, table.schema().table()::equals, 4, letters);
      run = CompletableFuture.runAsync(worker, task -> new Thread(task, "worker").start());
    }

    /** Fails at once where the worker failed, instead of waiting for what cannot come. */
    SinkProgress progress() {
      HeadwaterException failure = failure();
      if (failure != null) {
        throw failure;
      }
      return worker.progress();
    }

    /** Whether the stored checkpoint has come to the very end, markers included. */
    boolean standing(JedisPooled redis) {
      List<SinkProgress.Partition> partitions = progress().partitions();
      if (partitions.isEmpty()) {
        return false;
      }
      LogPartition partition = partitions.get(0).partition();
      String stored = redis.hget("__headwater:" + name + ":g1", "at:" + partition);
      // The table's first commit wrote no row; then one row and its marker.
      return stored != null && stored.split(" ", -1)[2].equals("2");
    }

    @Nullable HeadwaterException failure() {
      if (!run.isCompletedExceptionally()) {
        return null;
      }
      try {
        run.get();
        return null;
      } catch (ExecutionException e) {
        return (HeadwaterException) e.getCause();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {
      worker.close();
      letters.close();
      log.close();
    }
  }

  /** Passes everything on; what a test changes it overrides. */
  private static class ForwardingSink implements Sink {
    private final Sink sink;

    ForwardingSink(Sink sink) {
      this.sink = sink;
    }

    @Override
    public String name() {
      return sink.name();
    }

    @Override
    public void prepare(TableSchema schema) {
      sink.prepare(schema);
    }

    @Override
    public ReadBack readBack() {
      return sink.readBack();
    }

    @Override
    public PartitionWriter take(LogPartition partition) {
      PartitionWriter writer = sink.take(partition);
      return new PartitionWriter() {
        @Override
        public LogPartition partition() {
          return partition;
        }

        @Override
        public boolean isAtomic() {
          return writer.isAtomic();
        }

        @Override
        public Optional<Checkpoint> checkpoint() {
          return writer.checkpoint();
        }

        @Override
        public void apply(FoldedBatch batch, Refusals refusals) {
          before(batch);
          try {
            writer.apply(batch, refusals);
          } finally {
            after();
          }
        }

        @Override
        public void close() {
          writer.close();
        }
      };
    }

    void before(FoldedBatch batch) {}

    void after() {}

    @Override
    public void close() {
      sink.close();
    }
  }

  /** Counts the rows that are applied. */
  private static final class CountingSink extends ForwardingSink {
    private final AtomicInteger rows;

    CountingSink(Sink sink, AtomicInteger rows) {
      super(sink);
      this.rows = rows;
    }

    @Override
    void before(FoldedBatch batch) {
      rows.addAndGet(batch.rows().size());
    }
  }

  /**
   * Freezes before a write, from when the flag is 1 until the future ends: 2 is frozen, 3 is over.
   * Its target stays open, as a stopped process keeps its connections.
   */
  private static final class FreezingSink extends ForwardingSink {
    private final AtomicInteger flag;
    private final CompletableFuture<Void> thaw;

    FreezingSink(Sink sink, AtomicInteger flag, CompletableFuture<Void> thaw) {
      super(sink);
      this.flag = flag;
      this.thaw = thaw;
    }

    @Override
    void before(FoldedBatch batch) {
      if (!batch.rows().isEmpty() && flag.get() > 0) {
        flag.compareAndSet(1, 2);
        boolean interrupted = false;
        while (!thaw.isDone()) {
          try {
            thaw.get();
          } catch (InterruptedException e) {
            interrupted = true;
          } catch (ExecutionException e) {
            throw new AssertionError(e);
          }
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    void after() {
      if (flag.get() == 2 && thaw.isDone()) {
        flag.set(3);
      }
    }

    @Override
    public void close() {
      // Still used by the frozen write.
    }
  }
}

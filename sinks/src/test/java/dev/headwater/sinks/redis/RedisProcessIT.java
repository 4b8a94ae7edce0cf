package dev.headwater.sinks.redis;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.RunningSink;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkConfig.Redis.Generations;
import dev.headwater.sinks.TestLog;
import dev.headwater.sinks.TestRows;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.Jedis;

/** What becomes of a cache whose writing process is suspended, or killed, by the machine. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class RedisProcessIT {
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final RedisServer server = RedisServer.start();
  private final Jedis redis = new Jedis("127.0.0.1", server.port());
  private final List<Process> children = new ArrayList<>();

  @AfterEach
  void closeAll() {
    children.forEach(Process::destroyForcibly);
    redis.close();
    server.close();
  }

  @ParameterizedTest
  @EnumSource(Generations.class)
  void aWriterThatSleptThroughATakeoverChangesNothing(Generations kind) throws Exception {
    String name = "zombie-" + kind.ordinal();
    TestRows rows = TestRows.withNumberKey("zombie");
    Process zombie = start("writer", rows, name, kind);
    await(() -> contents(name).size() == RedisChild.ROWS);

    signal("STOP", zombie);
    SinkConfig.Redis config =
        RedisChild.config(rows.schema().table().name(), name, server.url(), kind);
    try (Sink sink = new FirstGeneration(config)) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      Checkpoint found = writer.checkpoint().orElseThrow();
      writer.apply(deletesOfAll(rows, found));
      assertThat(contents(name)).isEmpty();
      signal("CONT", zombie);

      assertThat(zombie.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(zombie.exitValue()).isEqualTo(RedisChild.FENCED);
      assertThat(contents(name)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Generations.class)
  void aRebuildWhoseWorkerWasKilledIsEndedByAnother(Generations kind) throws Exception {
    String name = "killed-" + kind.ordinal();
    TestRows rows = TestRows.withNumberKey();
    Map<String, String> expected = new HashMap<>();
    try (TestLog log = new TestLog(BROKERS, rows, 2)) {
      for (int id = 0; id < 2_000; id++) {
        expected.put(Integer.toString(id), row(id, "first", 1));
        log.put(key(id), row(id, "first", 1));
      }
      log.commit();
      Process killed = start(BROKERS, rows, name, kind);
      await(() -> contents(name).equals(expected));
      // Nobody wrote these two: a rebuild puts them right.
      redis.set(prefix(name) + "5", "spoiled");
      redis.set(prefix(name) + "900001", row(900_001, "ghost", 1));
      killed.getOutputStream().write('\n');
      killed.getOutputStream().flush();
      String state = "__headwater:" + name;
      await(() -> "BUILDING".equals(redis.hget(state, "2.state")));
      await(() -> redis.hkeys(state + ":g2").stream().anyMatch(f -> f.startsWith("at:")));

      killed.destroyForcibly().waitFor();
      assertThat(redis.hget(state, "2.state")).isEqualTo("BUILDING");
      for (int id = 0; id < 100; id++) {
        expected.remove(Integer.toString(id));
        log.delete(key(id));
      }
      log.commit();

      SinkConfig.Redis config =
          RedisChild.config(rows.schema().table().name(), name, server.url(), kind);
      try (RunningSink next = new RunningSink(config, BROKERS, Duration.ofSeconds(1))) {
        next.await(() -> next.status().generation() == 2 && next.status().rebuild().isEmpty());
        next.await(() -> contents(name).equals(expected));
        next.await(() -> !redis.exists(state + ":g1"));
      }
    }
  }

  private static FoldedBatch deletesOfAll(TestRows rows, Checkpoint found) {
    List<FoldedRow> deletes = new ArrayList<>();
    for (int id = 0; id < RedisChild.ROWS; id++) {
      long offset = found.nextOffset() + id;
      deletes.add(
          new FoldedRow(
              key(id).getBytes(UTF_8), null, 1_000_000 + offset, offset, 1, Optional.empty(), 1));
    }
    long next = found.nextOffset() + RedisChild.ROWS;
    return new FoldedBatch(
        rows.partition(),
        found.nextOffset(),
        next,
        deletes,
        new Checkpoint(1, found.topicId(), next, found.levelAtMs()));
  }

  private Process start(String what, TestRows rows, String name, Generations kind)
      throws IOException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RedisChild.class.getName(),
                what,
                rows.schema().table().name(),
                name,
                server.url(),
                kind.name())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    children.add(child);
    return child;
  }

  private static void signal(String signal, Process process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-s", signal, Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  private void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      children.forEach(child -> assertThat(child.isAlive()).isTrue());
      assertThat(System.nanoTime()).as("not so in time").isLessThan(end);
      Thread.sleep(5);
    }
  }

  /** What rows' names begin with, as a reader would find out. */
  private String prefix(String name) {
    String pointer = redis.get(name + ":generation");
    return (pointer == null ? "" : pointer) + name + ":";
  }

  /** The rows that serve, by key. */
  private Map<String, String> contents(String name) {
    String prefix = prefix(name);
    List<String> names =
        redis.keys(prefix + "*").stream()
            .filter(one -> one.substring(prefix.length()).matches("[0-9]+"))
            .toList();
    Map<String, String> found = new HashMap<>();
    if (!names.isEmpty()) {
      List<String> values = redis.mget(names.toArray(new String[0]));
      for (int i = 0; i < values.size(); i++) {
        if (values.get(i) != null) {
          found.put(names.get(i).substring(prefix.length()), values.get(i));
        }
      }
    }
    return found;
  }
}

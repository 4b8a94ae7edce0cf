package dev.headwater.sinks.redis;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.ServerOptions;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkContract;
import dev.headwater.sinks.SinkTarget;
import dev.headwater.sinks.TestRows;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

class RedisSinkIT extends SinkContract {
  private static final SinkConfig.Redis.Generations KIND = SinkConfig.Redis.Generations.IN_PLACE;

  @Override
  protected SinkTarget shared(List<String> keyColumns) {
    return new RedisTarget(SharedServices.redis(), false, keyColumns, KIND);
  }

  @Override
  protected SinkTarget alone(List<String> keyColumns) {
    return new RedisTarget(RedisServer.start(), true, keyColumns, KIND);
  }

  @Override
  protected boolean needsSchemas() {
    return false;
  }

  @Test
  void storesTheLogsBytesUnchanged() {
    TestRows rows = TestRows.withNumberKey();
    String spaced = "{\"id\":1, \"name\": \"a\\u0041\\n\",\n \"qty\":1.50}";
    try (Sink sink = sink("bytes", "bytes:{id}", SinkConfig.Redis.Value.JSON, Duration.ZERO);
        Jedis redis = jedis()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(rows.put(key(1), spaced).batch());
      }
      assertThat(redis.get("bytes:1")).isEqualTo(spaced);
    }
  }

  @Test
  void aHashIsReplacedWhole() {
    TestRows rows = TestRows.withNumberKey();
    try (Sink sink = sink("hash", "hash:{id}", SinkConfig.Redis.Value.HASH, Duration.ZERO);
        Jedis redis = jedis()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(
            rows.put(key(1), "{\"id\":1,\"name\":\"a\\\"b\",\"qty\":7,\"tags\":[1,{\"x\":null}]}")
                .batch());
        assertThat(redis.hgetAll("hash:1"))
            .isEqualTo(Map.of("id", "1", "name", "a\"b", "qty", "7", "tags", "[1,{\"x\":null}]"));

        writer.apply(rows.put(key(1), "{\"id\":1,\"name\":null,\"qty\":8}").batch());
        assertThat(redis.hgetAll("hash:1")).isEqualTo(Map.of("id", "1", "qty", "8"));

        writer.apply(rows.delete(key(1)).batch());
        assertThat(redis.exists("hash:1")).isFalse();
      }
    }
  }

  @Test
  void aJsonNullInAHashIsNotSqlNull() {
    TestRows rows = TestRows.withNumberKey();
    FoldedBatch batch = rows.batch();
    FoldedRow row =
        new FoldedRow(
            key(1).getBytes(StandardCharsets.UTF_8),
            "{\"id\":1,\"name\":null,\"qty\":null}".getBytes(StandardCharsets.UTF_8),
            1,
            0,
            1,
            Optional.of("[\"name\"]"),
            0);
    try (Sink sink = sink("jnull", "jnull:{id}", SinkConfig.Redis.Value.HASH, Duration.ZERO);
        Jedis redis = jedis()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(
            new FoldedBatch(
                batch.partition(),
                batch.fromOffset(),
                batch.nextOffset(),
                List.of(row),
                batch.checkpoint()));
      }
      assertThat(redis.hgetAll("jnull:1")).isEqualTo(Map.of("id", "1", "name", "null"));
    }
  }

  @Test
  void lifeIsCountedFromTheCommit() {
    TestRows rows = TestRows.withNumberKey();
    long now = System.currentTimeMillis();
    FoldedBatch batch = rows.batch();
    List<FoldedRow> both =
        List.of(rowAt(1, now - Duration.ofHours(3).toMillis()), rowAt(2, now - 60_000));
    try (Sink sink = sink("ttl", "ttl:{id}", SinkConfig.Redis.Value.JSON, Duration.ofHours(2));
        Jedis redis = jedis()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(
            new FoldedBatch(
                batch.partition(),
                batch.fromOffset(),
                batch.nextOffset(),
                both,
                batch.checkpoint()));
      }
      assertThat(redis.exists("ttl:1")).isFalse();
      assertThat(redis.pttl("ttl:2")).isBetween(7_200_000L - 60_000 - 30_000, 7_200_000L - 60_000);
    }
  }

  private static FoldedRow rowAt(long id, long tsMs) {
    return new FoldedRow(
        key(id).getBytes(StandardCharsets.UTF_8),
        row(id, "x", 1).getBytes(StandardCharsets.UTF_8),
        id,
        id,
        1,
        Optional.empty(),
        tsMs);
  }

  @Test
  void aServerThatForgotItsScriptsIsToldThemAgain() {
    TestRows rows = TestRows.withNumberKey();
    try (Sink sink = sink("script", "script:{id}", SinkConfig.Redis.Value.JSON, Duration.ZERO);
        Jedis redis = jedis()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(rows.put(key(1), row(1, "one", 1)).batch());
        redis.scriptFlush();

        writer.apply(rows.put(key(1), row(1, "two", 2)).batch());
      }
      assertThat(redis.get("script:1")).isEqualTo(row(1, "two", 2));
    }
  }

  @Test
  void aFlushedServerFencesTheWriterAndIsFilledFromTheBeginning() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = alone(List.of("id"));
        Sink sink = target.open();
        Jedis redis = new Jedis("127.0.0.1", target.server().port())) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      writer.apply(rows.put(key(1), row(1, "one", 1)).batch());
      redis.flushAll();

      assertFails(
          () -> writer.apply(rows.put(key(2), row(2, "two", 2)).batch()), FailureCode.FENCED);

      assertThat(sink.take(rows.partition()).checkpoint()).isEmpty();
      assertThat(target.count(rows.schema())).isZero();
    }
  }

  @Test
  void aFullServerIsWaitedFor() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = alone(List.of("id"));
        Sink sink = target.open();
        Jedis redis = new Jedis("127.0.0.1", target.server().port())) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      redis.configSet("maxmemory", "1");
      FoldedBatch batch = rows.put(key(1), row(1, "one", 1)).batch();
      assertFails(() -> writer.apply(batch), FailureCode.TARGET_UNREACHABLE);
      assertThat(target.count(rows.schema())).isZero();
      redis.configSet("maxmemory", "0");

      writer.apply(batch);

      assertThat(target.count(rows.schema())).isEqualTo(1);
    }
  }

  @Test
  void refusesAServerThatIsNotSetUpForIt() {
    TestRows rows = TestRows.withNumberKey();
    RedisServer cluster =
        RedisServer.start(ServerOptions.defaults().withSetting("cluster-enabled", "yes"));
    try (SinkTarget target = alone(List.of("id"));
        SinkTarget sharded = new RedisTarget(cluster, true, List.of("id"), KIND);
        Jedis redis = new Jedis("127.0.0.1", target.server().port())) {
      redis.configSet("maxmemory", "100mb");
      redis.configSet("maxmemory-policy", "allkeys-lru");
      assertRefused(target, rows);
      redis.configSet("maxmemory-policy", "noeviction");
      redis.replicaof("127.0.0.1", SharedServices.redis().port());
      assertRefused(target, rows);
      assertRefused(sharded, rows);
    }
  }

  private static void assertRefused(SinkTarget target, TestRows rows) {
    try (Sink sink = target.open()) {
      assertFails(() -> sink.prepare(rows.schema()), FailureCode.TARGET_NOT_READY);
    }
  }

  @Test
  void refusesTwoTablesUnderOneTemplateWithoutTable() {
    try (Sink sink = sink("meet", "meet:{id}", SinkConfig.Redis.Value.JSON, Duration.ZERO)) {
      sink.prepare(TestRows.withNumberKey().schema());
      assertFails(
          () -> sink.prepare(TestRows.withNumberKey().schema()), FailureCode.CONFIGURATION_INVALID);
    }
  }

  private static Jedis jedis() {
    return new Jedis("127.0.0.1", SharedServices.redis().port());
  }

  private static Sink sink(
      String name, String template, SinkConfig.Redis.Value value, Duration ttl) {
    return new FirstGeneration(
        new SinkConfig.Redis(
            name,
            SharedServices.redis().url(),
            Optional.empty(),
            Optional.empty(),
            List.of("*"),
            template,
            value,
            ttl,
            SinkConfig.Redis.Generations.IN_PLACE));
  }
}

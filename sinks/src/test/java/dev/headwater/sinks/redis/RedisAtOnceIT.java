package dev.headwater.sinks.redis;

import static dev.headwater.sinks.redis.RedisNames.bytes;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import dev.headwater.sinks.TestRows;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;

/** What may happen between the look and the transaction, each of which must undo it. */
@Timeout(60)
class RedisAtOnceIT {
  private static final byte[] NEXT = bytes("1 topic 7 1700000000000");
  private static RedisServer server;

  private final TestRows rows = TestRows.withNumberKey();
  private final LogPartition partition = rows.partition();
  private RedisConnection connection;
  private RedisGenerations generations;
  private SinkConfig.Redis config;
  private Generation generation;
  private Sink sink;
  private Jedis redis;

  @BeforeAll
  static void start() {
    server = RedisServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void take() {
    redis = new Jedis("127.0.0.1", server.port());
    redis.flushAll();
    config =
        RedisTarget.config("c", server.url(), "row:{id}", SinkConfig.Redis.Generations.IN_PLACE);
    generations = new RedisGenerations(config);
    generation =
        generations.begin("first", SinkDefinition.text(config), false).live().orElseThrow();
    connection = new RedisConnection(config, Duration.ofSeconds(5));
    sink = generations.open(generation);
    sink.take(partition);
  }

  @AfterEach
  void close() {
    sink.close();
    generations.close();
    connection.close();
    redis.close();
  }

  private byte[] checkpoints() {
    return RedisNames.checkpoints("c", generation.number());
  }

  private RedisAtOnce atOnce() {
    return new RedisAtOnce(
        connection, checkpoints(), RedisNames.turnstile(checkpoints(), partition.toString()));
  }

  private List<byte[]> arguments() {
    byte[] ownerField = bytes("owner:" + partition);
    byte[] owner = redis.hget(checkpoints(), ownerField);
    return List.of(
        ownerField,
        bytes("at:" + partition),
        owner == null ? bytes("nobody") : owner,
        new byte[0],
        NEXT,
        bytes("0"),
        bytes("row:1"),
        bytes("{\"id\":1}"));
  }

  private String stored() {
    byte[] at = redis.hget(checkpoints(), bytes("at:" + partition));
    return at == null ? "" : new String(at, UTF_8);
  }

  /** Looks, has something done, and answers whether the rows are written nevertheless. */
  private boolean writtenOver(Runnable between) {
    RedisAtOnce atOnce = atOnce();
    List<byte[]> arguments = arguments();
    return connection.onOne(
        one -> {
          assertThat(atOnce.isAsExpected(one, arguments)).isTrue();
          between.run();
          return atOnce.execute(one, arguments);
        });
  }

  private void assertNothingWritten() {
    assertThat(redis.exists("row:1")).isFalse();
    assertThat(stored()).isEmpty();
  }

  @Test
  void rowsAndCheckpointAreWrittenWhereNothingHappens() {
    assertThat(atOnce().write(arguments())).isTrue();

    assertThat(redis.get("row:1")).isEqualTo("{\"id\":1}");
    assertThat(stored()).isEqualTo(new String(NEXT, UTF_8));
  }

  @Test
  void anotherTakesThePartition() {
    assertThat(writtenOver(() -> sink.take(partition))).isFalse();
    assertNothingWritten();
  }

  @Test
  void everythingIsFlushed() {
    assertThat(writtenOver(redis::flushAll)).isFalse();
    assertNothingWritten();
  }

  @Test
  void theGenerationIsReplacedByOneInItsPlace() {
    assertThat(writtenOver(() -> generations.begin("second", SinkDefinition.text(config), false)))
        .isFalse();
    assertNothingWritten();
  }

  @Test
  void theGenerationIsDropped() {
    SinkConfig.Redis beside =
        RedisTarget.config("c", server.url(), "row:{id}", SinkConfig.Redis.Generations.POINTER);
    generation =
        generations.begin("second", SinkDefinition.text(beside), false).building().orElseThrow();
    try (Sink second = generations.open(generation)) {
      second.take(partition);
      assertThat(writtenOver(() -> generations.drop(generation.number(), ""))).isFalse();
    }
    assertNothingWritten();
  }

  @Test
  void anotherOwnerACheckpointNotExpectedOrAHoldIsLeftToTheScript() {
    List<byte[]> arguments = arguments();
    redis.hset(checkpoints(), bytes("hold"), bytes("99999999999999"));
    assertThat(atOnce().write(arguments)).isFalse();
    redis.hdel(checkpoints(), bytes("hold"));
    redis.hset(checkpoints(), bytes("at:" + partition), bytes("1 topic 3 0"));
    assertThat(atOnce().write(arguments)).isFalse();
    redis.hdel(checkpoints(), bytes("at:" + partition));
    sink.take(partition);
    assertThat(atOnce().write(arguments)).isFalse();
    assertNothingWritten();
  }

  @Test
  void whereTheTurnstileIsMissingAFlushWouldNotBeSeen() {
    redis.del(RedisNames.turnstile(checkpoints(), partition.toString()));
    assertThat(atOnce().write(arguments())).isFalse();
    assertNothingWritten();
  }

  @Test
  void aRefusedRowLeavesTheCheckpointWhereItIs() {
    redis.aclSetUser("default", "resetkeys", "~__headwater:*");
    try {
      RedisAtOnce atOnce = atOnce();
      assertThat(atOnce.write(arguments())).isFalse();
      redis.aclSetUser("default", "allkeys");
      assertNothingWritten();
      assertThat(atOnce.write(arguments())).as("once refused, the script does it").isFalse();
    } finally {
      redis.aclSetUser("default", "allkeys");
    }
  }
}

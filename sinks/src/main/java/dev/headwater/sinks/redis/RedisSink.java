package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.BatchLimit;
import dev.headwater.sinks.KeyScan;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.TableKeys;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.Protocol;

/**
 * One generation of a cache in Redis: each row under a name of the user's choosing. {@link
 * RedisNames} draws what stands where.
 *
 * <p>A batch is one Lua script, which Redis runs alone: it compares owner and checkpoint, writes
 * every row, and stores the new checkpoint, all or nothing of it; only a batch with more arguments
 * than a command may have is several, of which the last moves the checkpoint. A large batch of
 * plain values goes a cheaper way to the same end ({@link RedisAtOnce}). Taking a partition
 * replaces the owner, so that a former writer's script changes nothing.
 */
public final class RedisSink implements Sink {
  private static final Logger LOG = LoggerFactory.getLogger(RedisSink.class);

  /** One script runs alone: a batch is small enough that readers do not notice. */
  private static final BatchLimit LIMIT = new BatchLimit(5_000, 4L << 20);

  /** Redis' own, where nobody has changed it or nobody may ask. */
  private static final long USUAL_MAX_VALUE_BYTES = 512L << 20;

  /** Notes what a table's keys look like, unless the generation is gone. */
  private static final byte[] LEARN =
      RedisNames.bytes(
          "if redis.call('HEXISTS', KEYS[1], ARGV[1] .. '.state') == 1"
              + " then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end return 1");

  private final SinkConfig.Redis config;
  private final int generation;
  private final KeyTemplate template;
  private final RedisConnection redis;
  private final Map<String, TableId> tables = new ConcurrentHashMap<>();
  private volatile boolean checked;
  private volatile long maxValueBytes = USUAL_MAX_VALUE_BYTES;

  /**
   * Connects to nobody yet.
   *
   * @param config the generation's own definition
   * @throws HeadwaterException {@code CONFIGURATION_INVALID} if the key template makes no sense
   */
  RedisSink(SinkConfig.Redis config, int generation, RedisConnection redis) {
    this.config = config;
    this.generation = generation;
    this.template = RedisNames.template(config, generation);
    this.redis = redis;
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public void prepare(TableSchema schema) {
    template.requireFits(config.name(), schema);
    requireNamesOfItsOwn(schema.table());
    if (!checked) {
      check();
      checked = true;
    }
    TableKeys key = TableKeys.of(schema);
    List<byte[]> arguments =
        List.of(
            RedisNames.bytes(Integer.toString(generation)),
            RedisNames.bytes(RedisState.KEY_FIELD + schema.table()),
            RedisNames.bytes(key.toJson()));
    redis.call(r -> r.eval(LEARN, List.of(RedisNames.state(config.name())), arguments));
  }

  /** Rows of two tables must never meet under one name. */
  private void requireNamesOfItsOwn(TableId table) {
    TableId other = tables.putIfAbsent(template.namesTable() ? table.inSource() : "", table);
    if (other != null && !other.equals(table)) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "sink '%s' – rows of %s and %s would meet under one name: key template '%s'"
              .formatted(config.name(), other, table, template),
          template.namesTable()
              ? "Tables of that name come from two connectors: give each connector a sink."
              : "Put {table} into the key template, for instance key: \"{table}:{id}\".");
    }
  }

  private void check() {
    Map<String, String> info = RedisInfo.parse(redis.call(JedisPooled::info));
    if (info.getOrDefault("role", "").equals("slave")) {
      throw notReady("is a replica", "Point 'url' at its primary.");
    }
    if (info.getOrDefault("redis_mode", "").equals("sentinel")) {
      throw notReady("is a sentinel, which holds no data", "Point 'url' at the primary it names.");
    }
    if (info.getOrDefault("cluster_enabled", "0").equals("1")) {
      throw notReady(
          "runs as a cluster, where a batch and its checkpoint cannot be written in one step",
          "Point 'url' at a Redis that is not a cluster.");
    }
    String policy = info.getOrDefault("maxmemory_policy", "noeviction");
    if (info.getOrDefault("maxmemory", "0").equals("0")) {
      return;
    }
    if (policy.startsWith("allkeys")) {
      throw notReady(
          "drops any row when memory is short (maxmemory-policy is " + policy + ")",
          "redis-cli -u "
              + config.url()
              + " config set maxmemory-policy noeviction, and the same in redis.conf.");
    }
    if (policy.startsWith("volatile") && !config.ttl().isZero()) {
      LOG.atWarn()
          .addKeyValue("sink", config.name())
          .addKeyValue("policy", policy)
          .log("Redis drops rows before their ttl ends when memory is short; set noeviction");
    }
  }

  private HeadwaterException notReady(String what, String hint) {
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY,
        "sink '" + config.name() + "' – Redis at " + config.url() + " " + what,
        hint);
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    return RedisPartitionWriter.take(this, config, partition);
  }

  @Override
  public ReadBack readBack() {
    return new RedisReadBack(this, config);
  }

  @Override
  public BatchLimit batchLimit() {
    return LIMIT;
  }

  @Override
  public int generation() {
    return generation;
  }

  @Override
  public Optional<KeyScan> keyScan() {
    return Optional.of(this::scan);
  }

  private void scan(TableSchema schema, KeyScan.Receiver receiver) {
    TableKeys key = TableKeys.of(schema);
    RedisScan scan = RedisScan.of(redis, template.prefix());
    while (!scan.isDone()) {
      scan.next().forEach(name -> template.key(key, name).ifPresent(receiver::key));
    }
  }

  /** Asks how large a value the server takes; servers that do not tell have the usual limit. */
  void learnLimit() {
    Object answer;
    try {
      answer = redis.call(r -> r.sendCommand(Protocol.Command.CONFIG, "GET", "proto-max-bulk-len"));
    } catch (HeadwaterException e) {
      if (e.code().isRetriable()) {
        throw e;
      }
      return;
    }
    if (answer instanceof List<?> pair && pair.size() == 2 && pair.get(1) instanceof byte[] max) {
      maxValueBytes = Long.parseLong(new String(max, StandardCharsets.US_ASCII));
    }
  }

  /** The largest value that may be sent. */
  long maxValueBytes() {
    return maxValueBytes;
  }

  RedisConnection redis() {
    return redis;
  }

  KeyTemplate template() {
    return template;
  }

  @Override
  public void close() {
    redis.close();
  }
}

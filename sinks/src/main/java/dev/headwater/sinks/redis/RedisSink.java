package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.BatchLimit;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.exceptions.JedisException;

/**
 * A cache in Redis: each row under a name of the user's choosing.
 *
 * <p>A batch is one Lua script, which Redis runs alone: it compares owner and checkpoint, writes
 * every row, and stores the new checkpoint, all or nothing of it. Taking a partition replaces the
 * owner, so that a former writer's script changes nothing. What is kept beside the rows is one hash
 * per partition, {@code __headwater:<sink>:g1:<topic>:<partition>}.
 */
public final class RedisSink implements Sink {
  private static final Logger LOG = LoggerFactory.getLogger(RedisSink.class);
  private static final int DEFAULT_PORT = 6379;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_CONNECTIONS = 16;

  /** One script runs alone: a batch is small enough that readers do not notice. */
  private static final BatchLimit LIMIT = new BatchLimit(5_000, 4L << 20);

  private final SinkConfig.Redis config;
  private final KeyTemplate template;
  private final JedisPooled redis;
  private final Map<String, TableId> tables = new ConcurrentHashMap<>();
  private volatile boolean checked;

  /**
   * Connects to nobody yet.
   *
   * @throws HeadwaterException {@code CONFIGURATION_INVALID} if the key template makes no sense
   */
  public RedisSink(SinkConfig.Redis config) {
    this(config, TIMEOUT);
  }

  /**
   * @param timeout how long a connection or an answer is waited for
   */
  RedisSink(SinkConfig.Redis config, Duration timeout) {
    this.config = config;
    try {
      this.template = new KeyTemplate(config.keyTemplate());
    } catch (IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "sink '"
              + config.name()
              + "' – key template '"
              + config.keyTemplate()
              + "': "
              + e.getMessage(),
          "A template looks like 'customer:{id}'.",
          e);
    }
    URI uri = URI.create(config.url());
    DefaultJedisClientConfig.Builder client =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis((int) timeout.toMillis())
            .socketTimeoutMillis((int) timeout.toMillis())
            .clientName("headwater-" + config.name().replaceAll("[^A-Za-z0-9_-]", "_"))
            .ssl("rediss".equals(uri.getScheme()))
            .database(database(uri));
    config.user().ifPresent(client::user);
    config.password().ifPresent(password -> client.password(password.reveal()));
    ConnectionPoolConfig pool = new ConnectionPoolConfig();
    pool.setMaxTotal(MAX_CONNECTIONS);
    pool.setMaxIdle(MAX_CONNECTIONS);
    pool.setMaxWait(timeout);
    this.redis =
        new JedisPooled(
            pool,
            new HostAndPort(uri.getHost(), uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort()),
            client.build());
  }

  private static int database(URI uri) {
    String path = uri.getPath() == null ? "" : uri.getPath().replace("/", "");
    return path.isEmpty() ? 0 : Integer.parseInt(path);
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
      try {
        check();
        checked = true;
      } catch (JedisException e) {
        throw failure(e);
      }
    }
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
    Map<String, String> info = RedisInfo.parse(redis.info());
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
    try {
      return RedisPartitionWriter.take(this, config, partition);
    } catch (JedisException e) {
      throw failure(e);
    }
  }

  @Override
  public ReadBack readBack() {
    return new RedisReadBack(this, config);
  }

  @Override
  public BatchLimit batchLimit() {
    return LIMIT;
  }

  JedisPooled redis() {
    return redis;
  }

  KeyTemplate template() {
    return template;
  }

  HeadwaterException failure(JedisException e) {
    return RedisFailures.translate(config.name(), config.url(), e);
  }

  @Override
  public void close() {
    redis.close();
  }
}

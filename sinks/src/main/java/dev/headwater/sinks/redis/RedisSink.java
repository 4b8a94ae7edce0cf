package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import java.net.URI;
import java.time.Duration;
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
  private static final int TIMEOUT_MS = 10_000;

  private final SinkConfig.Redis config;
  private final KeyTemplate template;
  private final JedisPooled redis;
  private volatile boolean checked;

  public RedisSink(SinkConfig.Redis config) {
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
            .connectionTimeoutMillis(TIMEOUT_MS)
            .socketTimeoutMillis(TIMEOUT_MS)
            .clientName("headwater-" + config.name().replaceAll("[^A-Za-z0-9_-]", "_"))
            .ssl("rediss".equals(uri.getScheme()))
            .database(database(uri));
    config.user().ifPresent(client::user);
    config.password().ifPresent(password -> client.password(password.reveal()));
    ConnectionPoolConfig pool = new ConnectionPoolConfig();
    pool.setMaxTotal(16);
    pool.setMaxWait(Duration.ofSeconds(10));
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
    if (!checked) {
      try {
        check();
        checked = true;
      } catch (JedisException e) {
        throw failure(e);
      }
    }
  }

  private void check() {
    String info = redis.info();
    if (info.contains("role:slave")) {
      throw notReady("is a replica", "Point 'url' at its primary.");
    }
    if (info.contains("cluster_enabled:1")) {
      throw notReady(
          "runs as a cluster, where a batch and its checkpoint cannot be written in one step",
          "Point 'url' at a Redis that is not a cluster.");
    }
    if (!info.contains("maxmemory_policy:noeviction") && !info.contains("maxmemory:0\r")) {
      LOG.atWarn()
          .addKeyValue("sink", config.name())
          .log("Redis may evict rows under memory pressure; set maxmemory-policy noeviction");
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

package dev.headwater.sinks.redis;

import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.net.URI;
import java.time.Duration;
import java.util.function.Function;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.exceptions.JedisException;

/** A few connections to one sink's Redis, made when they are needed. Thread-safe. */
final class RedisConnection implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int DEFAULT_PORT = 6379;
  private static final int MAX_CONNECTIONS = 16;

  private final SinkConfig.Redis config;
  private final JedisPooled redis;

  /**
   * @param timeout how long a connection or an answer is waited for
   */
  RedisConnection(SinkConfig.Redis config, Duration timeout) {
    this.config = config;
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

  /** Asks something; the client's failures become ours. */
  <T> T call(Function<JedisPooled, T> work) {
    try {
      return work.apply(redis);
    } catch (JedisException e) {
      throw failure(e);
    }
  }

  /**
   * Has several commands sent over one connection, which is thrown away if that fails: nobody else
   * is to find what it left behind.
   */
  <T> T onOne(Function<Connection, T> work) {
    try (Connection connection = redis.getPool().getResource()) {
      try {
        return work.apply(connection);
      } catch (RuntimeException e) {
        connection.setBroken();
        throw e;
      }
    } catch (JedisException e) {
      throw failure(e);
    }
  }

  /** The client itself; whoever uses it turns its exceptions into {@link #failure}. */
  JedisPooled client() {
    return redis;
  }

  HeadwaterException failure(JedisException e) {
    return RedisFailures.translate(config.name(), config.url(), e);
  }

  @Override
  public void close() {
    redis.close();
  }
}

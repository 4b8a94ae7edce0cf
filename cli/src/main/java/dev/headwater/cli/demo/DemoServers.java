package dev.headwater.cli.demo;

import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.ServerOptions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The demo's four servers, each a process of its own on loopback. They end with us, whatever ends
 * us, and leave nothing behind.
 */
final class DemoServers implements AutoCloseable {
  private final CompletableFuture<PostgresServer> postgres;
  private final CompletableFuture<KafkaServer> kafka;
  private final CompletableFuture<RedisServer> redis;
  private final CompletableFuture<OpenSearchServer> search;

  private DemoServers() {
    search = CompletableFuture.supplyAsync(OpenSearchServer::start);
    kafka = CompletableFuture.supplyAsync(KafkaServer::start);
    postgres = CompletableFuture.supplyAsync(PostgresServer::start);
    // A cache keeps nothing on disk: what it loses is built again from the log.
    redis =
        CompletableFuture.supplyAsync(
            () -> RedisServer.start(ServerOptions.defaults().withSetting("appendonly", "no")));
  }

  /** Starts all four at once, and returns when they answer. */
  static DemoServers start() {
    DemoServers servers = new DemoServers();
    CompletableFuture.allOf(servers.postgres, servers.kafka, servers.redis, servers.search).join();
    return servers;
  }

  RedisServer redis() {
    return redis.join();
  }

  String searchUrl() {
    return search.join().url();
  }

  String redisUrl() {
    return redis.join().url();
  }

  String kafkaAddress() {
    return kafka.join().bootstrapServers();
  }

  String postgresAddress() {
    return "127.0.0.1:" + postgres.join().port();
  }

  Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        postgres.join().jdbcUrl(database), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  /** What the demo's connectors.yaml asks of its environment. */
  Map<String, String> environment() {
    return Map.of(
        "SHOP_DATABASE",
        "postgresql://" + postgresAddress() + "/shop",
        "SHOP_REPORTING",
        "postgresql://" + postgresAddress() + "/reporting",
        "SHOP_CACHE",
        redisUrl(),
        "SHOP_SEARCH",
        searchUrl(),
        "PGUSER",
        PostgresServer.USER,
        "PGPASSWORD",
        PostgresServer.PASSWORD);
  }

  @Override
  public void close() {
    search.join().close();
    redis.join().close();
    kafka.join().close();
    postgres.join().close();
  }
}

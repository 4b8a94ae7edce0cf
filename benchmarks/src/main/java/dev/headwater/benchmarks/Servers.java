package dev.headwater.benchmarks;

import dev.headwater.devservices.DevServer;
import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.ServerOptions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The servers that all contestants share, each in a process of its own, with the settings under
 * which the peers were measured. Belongs to the benchmark's thread.
 */
final class Servers implements AutoCloseable {
  private final List<DevServer> started = new ArrayList<>();
  private final Map<String, Long> pids = new LinkedHashMap<>();

  /** PostgreSQL with durable commits; everything fits into its cache. */
  PostgresServer postgres(String name) {
    return add(
        name,
        PostgresServer.start(
            ServerOptions.defaults()
                .withSettings(
                    Map.of(
                        "shared_buffers", "2GB",
                        "max_wal_size", "16GB",
                        "checkpoint_timeout", "30min",
                        "logical_decoding_work_mem", "256MB",
                        "track_commit_timestamp", "on",
                        "max_replication_slots", "60",
                        "max_wal_senders", "60",
                        "max_connections", "120"))));
  }

  KafkaServer kafka() {
    return add(
        "broker",
        KafkaServer.start(
            ServerOptions.defaults()
                .withJvmArguments("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=4")));
  }

  /** Redis that writes nothing to disk, as redis-benchmark is usually run against. */
  RedisServer redis() {
    return add(
        "redis", RedisServer.start(ServerOptions.defaults().withSetting("appendonly", "no")));
  }

  OpenSearchServer openSearch() {
    return add(
        "opensearch",
        OpenSearchServer.start(
            ServerOptions.defaults()
                .withJvmArguments("-Xms2g", "-Xmx2g", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=4")));
  }

  /** Process ids by name, for {@link ProcessMeter}. */
  Map<String, Long> pids() {
    return pids;
  }

  static Connection connect(PostgresServer server) {
    try {
      return DriverManager.getConnection(
          server.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
    } catch (SQLException e) {
      throw new BenchmarkException("PostgreSQL cannot be reached", e);
    }
  }

  private <S extends DevServer> S add(String name, S server) {
    started.add(server);
    pids.put(name, server.pid());
    Progress.say(name + " runs");
    return server;
  }

  @Override
  public void close() {
    Collections.reverse(started);
    started.forEach(DevServer::close);
  }
}

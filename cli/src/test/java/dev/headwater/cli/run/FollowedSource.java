package dev.headwater.cli.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.cli.FreshName;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A database of its own with the whole of a connector behind it: capture, loads, log. */
final class FollowedSource implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PostgresServer server = SharedServices.postgres();
  private final String name = FreshName.of("f");
  private final HeadwaterConfig config;
  private final LogConnection log;
  private final AtomicReference<@Nullable HeadwaterException> failure = new AtomicReference<>();
  private @Nullable Pipeline pipeline;

  FollowedSource(String more) throws SQLException, IOException {
    try (Connection admin = connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    Path file = Files.createTempFile("connectors", ".yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - {name: %s, type: postgres, url: "postgresql://127.0.0.1:%d/%s", user: %s,
             password: "${PW}", tables: ["public.*"], heartbeat: 1s%s}
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                name,
                server.port(),
                name,
                PostgresServer.USER,
                more));
    config = ConfigLoader.load(file, variable -> PostgresServer.PASSWORD);
    log = LogConnection.open(config.log());
  }

  private Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl(database), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  void sql(String... statements) throws SQLException {
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  void dropSlot() throws SQLException {
    sql(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '"
            + name
            + "'");
  }

  void advanceSlot() throws SQLException {
    sql(
        "SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn())"
            + " FROM pg_replication_slots WHERE database = '"
            + name
            + "'");
  }

  /** Ends the stream and drops its slot before anybody can come back for it. */
  void dropSlotByForce() throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (System.nanoTime() < deadline) {
      try {
        sql(
            "DO $$ BEGIN"
                + " PERFORM pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
                + " WHERE database = current_database() AND active_pid IS NOT NULL;"
                + " PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE database = current_database(); END $$");
        return;
      } catch (SQLException e) {
        // Object in use: capture was faster.
        if (!"55006".equals(e.getSQLState())) {
          throw e;
        }
        Thread.sleep(50);
      }
    }
    throw new AssertionError("the slot could not be dropped");
  }

  void start() {
    Pipeline started = new Pipeline(config, log, n -> true, (n, e) -> failure.set(e));
    pipeline = started;
    started.start();
  }

  /** Waits until capture has ended by itself, and says why. */
  HeadwaterException awaitFailure() throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    while (System.nanoTime() < deadline) {
      HeadwaterException failed = failure.get();
      if (failed != null) {
        return failed;
      }
      Thread.sleep(100);
    }
    throw new AssertionError("capture did not stop");
  }

  void stop() {
    if (pipeline != null) {
      pipeline.close();
      pipeline = null;
    }
  }

  /** Waits until the log's rows of a table are the source's, as JSON. */
  void awaitLevel(String table) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    Map<String, JsonNode> source = Map.of();
    Map<String, JsonNode> found = Map.of();
    while (System.nanoTime() < deadline) {
      source = source(table);
      found = inLog(table);
      if (source.equals(found)) {
        return;
      }
      Thread.sleep(300);
    }
    throw new AssertionError(
        table + " is not level: source " + source + "\n log " + found + "\n " + failure.get());
  }

  private Map<String, JsonNode> source(String table) throws Exception {
    Map<String, JsonNode> rows = new TreeMap<>();
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT to_json(t)::text FROM " + table + " t")) {
      while (rs.next()) {
        JsonNode row = JSON.readTree(rs.getString(1));
        rows.put("{\"id\":" + row.get("id") + "}", row);
      }
    }
    return rows;
  }

  private Map<String, JsonNode> inLog(String table) throws Exception {
    List<LogPartition> partitions = new ArrayList<>();
    LogPartitions.of(
            log, new SchemaStore(log), t -> t.connector().equals(name) && t.name().equals(table))
        .values()
        .forEach(partitions::addAll);
    Map<String, JsonNode> rows = new TreeMap<>();
    try (ReplayReader reader = ReplayReader.open(log, partitions, Map.of())) {
      while (!reader.isCaughtUp()) {
        for (var batch : reader.poll(Duration.ofMillis(100))) {
          for (LogRecord record : batch.records()) {
            String key = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
              rows.remove(key);
            } else {
              rows.put(key, JSON.readTree(record.value()));
            }
          }
        }
      }
    }
    return rows;
  }

  @Override
  public void close() throws Exception {
    stop();
    log.close();
    sql(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            + " WHERE slot_name LIKE '%"
            + name
            + "' AND NOT active");
  }
}

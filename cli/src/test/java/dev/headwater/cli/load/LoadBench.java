package dev.headwater.cli.load;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.capture.SourceConnection;
import dev.headwater.capture.debezium.DebeziumChangeSource;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.snapshot.SnapshotConfig;
import dev.headwater.snapshot.SnapshotEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** One connector that captures and loads, in this process. */
final class LoadBench implements AutoCloseable {
  final String name;
  final LogConnection log;
  final SnapshotEngine engine;
  final CaptureWorker worker;
  final Thread thread;
  volatile Throwable failure;

  LoadBench(CaptureConfig config, SnapshotConfig snapshot, String brokers) {
    this(config, snapshot, brokers, UnaryOperator.identity());
  }

  /**
   * @param seen what the loads are given for their session
   */
  LoadBench(
      CaptureConfig config,
      SnapshotConfig snapshot,
      String brokers,
      UnaryOperator<LoadSession> seen) {
    name = config.name();
    log = LogConnection.open(logConfig(brokers));
    engine =
        SnapshotEngine.open(
            log,
            config.name(),
            SourceConnection.jdbcUrl(config),
            SourceConnection.properties(config),
            snapshot);
    worker =
        new CaptureWorker(
            config, log, session -> engine.begin(seen.apply(session)), DebeziumChangeSource::new);
    thread =
        new Thread(
            () -> {
              try {
                worker.run();
              } catch (RuntimeException e) {
                failure = e;
              }
            },
            "capture-under-test");
  }

  LoadBench start() {
    thread.start();
    return this;
  }

  static LogConfig logConfig(String brokers) {
    return new LogConfig(
        Optional.of(brokers),
        Path.of("unused"),
        Optional.of(1),
        Optional.of(1),
        Map.of("*", 2),
        LogConfig.DEFAULT_DELETE_RETENTION,
        Map.of());
  }

  static CaptureConfig config(String name, int port, String database, List<String> tables) {
    return config(name, port, database, tables, Map.of());
  }

  static CaptureConfig config(
      String name, int port, String database, List<String> tables, Map<String, List<String>> keys) {
    return new CaptureConfig(
        name,
        "127.0.0.1",
        port,
        database,
        PostgresServer.USER,
        Optional.of(new Secret(PostgresServer.PASSWORD)),
        Map.of(),
        tables,
        keys,
        List.of(),
        Map.of(),
        new CaptureConfig.SlotConfig(
            "headwater_" + name, Optional.empty(), CaptureConfig.OverBudget.WARN),
        CaptureConfig.OnSchemaChange.FOLLOW,
        Duration.ofMillis(500),
        Map.of());
  }

  /** Waits until every table is loaded, or cannot be. */
  void awaitLoaded(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (engine.report().tables().isEmpty() || !engine.report().isIdle()) {
      if (failure != null) {
        throw new AssertionError("capture ended", failure);
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not loaded in time: " + worker.status() + " " + engine.report());
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() throws InterruptedException {
    worker.close();
    thread.join(30_000);
    engine.close();
    log.close();
  }
}

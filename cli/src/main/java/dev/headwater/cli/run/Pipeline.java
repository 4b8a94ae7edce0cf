package dev.headwater.cli.run;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.capture.SourceConnection;
import dev.headwater.capture.debezium.DebeziumChangeSource;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.Globs;
import dev.headwater.log.topic.Topics;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkWorker;
import dev.headwater.sinks.Sinks;
import dev.headwater.snapshot.SequentialSnapshot;
import dev.headwater.snapshot.SnapshotProgress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/**
 * Everything that runs in one process: the only place where capture, snapshot and sinks meet.
 *
 * <p>Each worker has a thread. One that ends with a failure leaves the others running; the pipeline
 * is over when the last one ended. {@link #close} stops capture first and the log last.
 */
public final class Pipeline implements AutoCloseable {
  private static final int PARTITIONS_AT_A_TIME = 2;
  private static final long STOP_SECONDS = 30;

  private final LogConnection log;
  private final Map<String, CaptureWorker> captures = new LinkedHashMap<>();
  private final List<SequentialSnapshot> snapshots = new ArrayList<>();
  private final Map<String, SinkWorker> sinks = new LinkedHashMap<>();
  private final Map<String, HeadwaterException> failures = new ConcurrentHashMap<>();
  private final List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch ended;
  private final BiConsumer<String, HeadwaterException> onFailure;
  private final StatusReporter reporter;

  /**
   * Builds what the configuration names; nothing runs yet.
   *
   * @param wanted which connectors and sinks, by name
   * @param onFailure told of each worker that ended with a failure, on that worker's thread
   */
  public Pipeline(
      HeadwaterConfig config,
      LogConnection log,
      Predicate<String> wanted,
      BiConsumer<String, HeadwaterException> onFailure) {
    this.log = log;
    this.onFailure = onFailure;
    Optional<HealthFile> health = HealthFile.of(System.getenv());
    new Topics(log).ensureInternal();
    for (HeadwaterConfig.Connector connector : config.connectors()) {
      if (wanted.test(connector.capture().name())) {
        captures.put(connector.capture().name(), capture(connector));
      }
    }
    for (SinkConfig sink : config.sinks()) {
      if (wanted.test(sink.name())) {
        sinks.put(
            sink.name(),
            new SinkWorker(Sinks.open(sink), log, tablesOf(sink), PARTITIONS_AT_A_TIME));
      }
    }
    this.ended = new CountDownLatch(captures.size() + sinks.size());
    this.reporter = new StatusReporter(new StatusBoard(log), captures, sinks, health);
  }

  private CaptureWorker capture(HeadwaterConfig.Connector connector) {
    CaptureConfig config = connector.capture();
    SequentialSnapshot snapshot =
        SequentialSnapshot.open(
            config.name(),
            SourceConnection.jdbcUrl(config),
            SourceConnection.properties(config),
            connector.snapshot());
    snapshots.add(snapshot);
    return new CaptureWorker(
        config,
        log,
        (schema, masks, rows) -> snapshot.read(schema, masks, rows::row, SnapshotProgress.NONE),
        DebeziumChangeSource::new);
  }

  /** Whether a table is one of the sink's. */
  public static Predicate<TableId> tablesOf(SinkConfig sink) {
    List<Pattern> patterns = sink.tables().stream().map(Globs::compile).toList();
    return table -> patterns.stream().anyMatch(p -> p.matcher(table.toString()).matches());
  }

  /** Starts every worker. */
  public void start() {
    captures.forEach((name, worker) -> start(name, name + "/capture", worker));
    sinks.forEach((name, worker) -> start(name, name + "/sink", worker));
    reporter.start();
  }

  private void start(String name, String role, Runnable worker) {
    Thread thread =
        new Thread(
            () -> {
              try {
                worker.run();
              } catch (HeadwaterException e) {
                failures.put(name, e);
                onFailure.accept(name, e);
              } finally {
                ended.countDown();
              }
            },
            "headwater/" + role);
    threads.add(thread);
    thread.start();
  }

  /** The workers that capture, by connector. */
  public Map<String, CaptureWorker> captures() {
    return captures;
  }

  /** The workers that feed sinks, by sink. */
  public Map<String, SinkWorker> sinks() {
    return sinks;
  }

  /** Waits until every worker has ended; the first failure, if there was one. */
  public Optional<HeadwaterException> awaitEnd() throws InterruptedException {
    ended.await();
    return failures.values().stream().findFirst();
  }

  /** Stops every worker within a bounded time. The log's connection is the caller's. */
  @Override
  public void close() {
    captures.values().forEach(CaptureWorker::close);
    sinks.values().forEach(SinkWorker::close);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    for (Thread thread : threads) {
      try {
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        if (thread.isAlive()) {
          LoggerFactory.getLogger(Pipeline.class)
              .atWarn()
              .addKeyValue("worker", thread.getName())
              .log("worker did not stop in time");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    snapshots.forEach(SequentialSnapshot::close);
    reporter.close();
  }
}

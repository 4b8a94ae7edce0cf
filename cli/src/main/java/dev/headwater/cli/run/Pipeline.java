package dev.headwater.cli.run;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.capture.SourceConnection;
import dev.headwater.capture.debezium.DebeziumChangeSource;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.topic.Topics;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkSupervisor;
import dev.headwater.snapshot.SnapshotEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Everything that runs in one process: the only place where capture, snapshot and sinks meet.
 *
 * <p>Each worker has a {@link Slot} and a thread. One that ends with a failure leaves the others
 * running; the pipeline is over when the last one ended. What stands on the control board is obeyed
 * ({@link Controls}). {@link #close} stops capture first and the log last.
 */
public final class Pipeline implements AutoCloseable {
  private static final int PARTITIONS_AT_A_TIME = 2;
  private static final long STOP_SECONDS = 30;

  private final LogConnection log;
  private final Map<String, Slot<CaptureWorker>> captures = new LinkedHashMap<>();
  private final Map<String, SnapshotEngine> snapshots = new ConcurrentSkipListMap<>();
  private final Map<String, Slot<SinkSupervisor>> sinks = new LinkedHashMap<>();
  private final Map<String, Slot<?>> slots = new LinkedHashMap<>();
  private final BiConsumer<String, HeadwaterException> onFailure;
  private final StatusReporter reporter;
  private final Controls controls;
  private boolean isClosed;

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
      String name = connector.capture().name();
      if (wanted.test(name)) {
        captures.put(name, slot(name, "capture", () -> capture(connector), CaptureWorker::close));
      }
    }
    for (SinkConfig sink : config.sinks()) {
      if (wanted.test(sink.name())) {
        sinks.put(
            sink.name(),
            slot(
                sink.name(),
                "sink",
                () -> new SinkSupervisor(sink, log, PARTITIONS_AT_A_TIME),
                SinkSupervisor::close));
      }
    }
    captures.forEach((name, slot) -> slots.put("connector/" + name, slot));
    sinks.forEach((name, slot) -> slots.put("sink/" + name, slot));
    this.reporter = new StatusReporter(new StatusBoard(log), captures, snapshots, sinks, health);
    this.controls = new Controls(log, slots, sinks);
  }

  private <W extends Runnable> Slot<W> slot(
      String name, String role, Supplier<W> maker, Consumer<W> closer) {
    return new Slot<>(name, role, maker, closer, failure -> onFailure.accept(name, failure));
  }

  private CaptureWorker capture(HeadwaterConfig.Connector connector) {
    CaptureConfig config = connector.capture();
    // One for all workers of a connector, of which a restart makes another.
    SnapshotEngine snapshot =
        snapshots.computeIfAbsent(
            config.name(),
            name ->
                SnapshotEngine.open(
                    log,
                    name,
                    SourceConnection.jdbcUrl(config),
                    SourceConnection.properties(config),
                    connector.snapshot()));
    return new CaptureWorker(config, log, snapshot, DebeziumChangeSource::new);
  }

  /** Starts every worker but those that are to stand still. */
  public void start() {
    controls.start();
    reporter.start();
  }

  /** The workers that capture, by connector. */
  public Map<String, CaptureWorker> captures() {
    return workers(captures);
  }

  /** Who loads the tables of each connector. */
  public Map<String, SnapshotEngine> snapshots() {
    return snapshots;
  }

  /** The workers that run sinks, by sink. */
  public Map<String, SinkSupervisor> sinks() {
    return workers(sinks);
  }

  private static <W extends Runnable> Map<String, W> workers(Map<String, Slot<W>> slots) {
    Map<String, W> workers = new LinkedHashMap<>();
    slots.forEach((name, slot) -> slot.worker().ifPresent(worker -> workers.put(name, worker)));
    return workers;
  }

  /** Waits until every worker has ended and none is paused; the first failure, if there was one. */
  public Optional<HeadwaterException> awaitEnd() throws InterruptedException {
    while (!slots.values().stream().allMatch(Slot::isOver)) {
      Thread.sleep(100);
    }
    return slots.values().stream().flatMap(slot -> slot.failure().stream()).findFirst();
  }

  /**
   * Stops every worker within a bounded time. The log's connection is the caller's. Where two ask
   * for it, as the command and Ctrl-C do, the second waits for the first.
   */
  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    controls.close();
    captures.values().forEach(Slot::stop);
    // Sinks have batches in hand: they end at the same time, not one after the other.
    List<Thread> stopping = new ArrayList<>();
    sinks.forEach(
        (name, slot) -> stopping.add(new Thread(slot::stop, "headwater/" + name + "/stop")));
    stopping.forEach(Thread::start);
    for (Thread each : stopping) {
      try {
        each.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    snapshots.values().forEach(SnapshotEngine::close);
    reporter.close();
  }
}

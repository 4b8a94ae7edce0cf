package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps those of a worker's partitions that may have missed deletes, one after the other, once
 * each stands at the end of the log. On a thread of its own, beside the feeding.
 */
final class Sweeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
  private static final long LOOK_MS = 100;
  private static final long JOIN_MS = 5_000;

  private final Sink sink;
  private final LogConnection log;
  private final LogView view;
  private final SchemaStore schemas;
  private final Predicate<TableId> wanted;
  private final PartitionApplier applier;
  private final Collection<PartitionFeed> feeds;
  private final Thread thread;
  private volatile boolean stopped;
  private volatile boolean rewrites;

  /**
   * @param feeds the worker's partitions, a live view
   */
  Sweeper(
      Sink sink,
      LogConnection log,
      LogView view,
      SchemaStore schemas,
      Predicate<TableId> wanted,
      PartitionApplier applier,
      Collection<PartitionFeed> feeds) {
    this.sink = sink;
    this.log = log;
    this.view = view;
    this.schemas = schemas;
    this.wanted = wanted;
    this.applier = applier;
    this.feeds = feeds;
    this.thread = new Thread(this::run, "headwater/" + sink.name() + "/sweep");
    thread.setDaemon(true);
  }

  void start() {
    if (sink.keyScan().isPresent()) {
      thread.start();
    }
  }

  /** Whether living rows are written once more. */
  void rewrites(boolean newRewrites) {
    rewrites = newRewrites;
  }

  private void run() {
    try {
      while (!stopped) {
        for (PartitionFeed feed : feeds) {
          if (!stopped && feed.wantsSweep(applier.rule().patienceMs(feed.partition()))) {
            sweepPatiently(feed);
          }
        }
        Thread.sleep(LOOK_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sweepPatiently(PartitionFeed feed) throws InterruptedException {
    try {
      sweep(feed);
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable()) {
        applier.fail(e);
      }
      Thread.sleep(Backoff.pauseMs(4));
    } catch (RuntimeException | Error e) {
      applier.fail(
          new HeadwaterException(
              FailureCode.INTERNAL,
              "sink '" + sink.name() + "' – sweeping " + feed.partition() + " failed: " + e,
              "This is a defect; nothing was deleted that the log has.",
              e));
    }
  }

  private void sweep(PartitionFeed feed) {
    LogPartition partition = feed.partition();
    TableSchema schema = schemas.latest().get(partition.table());
    List<LogPartition> all =
        LogPartitions.of(log, schemas, wanted).getOrDefault(partition.topic(), List.of());
    if (schema == null || all.isEmpty()) {
      return;
    }
    long began = System.nanoTime();
    BooleanSupplier goesOn = () -> !stopped && feed.state() == PartitionFeed.State.RUNNING;
    try (Sweep sweep = new Sweep(view, feed, rewrites)) {
      feed.beginSweep(sweep);
      boolean isWhole = false;
      try {
        Optional<Sweep.Outcome> outcome =
            sweep.run(sink.keyScan().orElseThrow(), all.size(), schema, goesOn);
        isWhole = outcome.isPresent();
        outcome.ifPresent(
            done ->
                LOG.atInfo()
                    .addKeyValue("sink", sink.name())
                    .addKeyValue("generation", sink.generation())
                    .addKeyValue("partition", partition)
                    .addKeyValue("deleted", done.deleted())
                    .addKeyValue("written", done.written())
                    .addKeyValue("ms", (System.nanoTime() - began) / 1_000_000)
                    .log("partition swept"));
      } finally {
        feed.endSweep(sweep, isWhole);
      }
    }
  }

  @Override
  public void close() {
    stopped = true;
    thread.interrupt();
    try {
      thread.join(JOIN_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

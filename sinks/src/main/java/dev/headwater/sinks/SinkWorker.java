package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.GroupReader;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one generation of a sink: reads its share of the log's partitions and applies them, several
 * at a time.
 *
 * <p>Workers of one generation, in any process, share partitions through Kafka's group protocol;
 * where each starts is the checkpoint in the target, never the group's offset. One thread reads; a
 * small pool applies, each partition by one thread at a time. A target that is away is tried again
 * with growing pauses, for ever, while the group stays alive. A writer that finds itself fenced
 * takes its partition again, if the group has not given it to another meanwhile, and goes on from
 * the checkpoint it finds: so a target that lost its last second, or everything, is filled again. A
 * row that the target refuses is parked ({@link Parking}), and the others go on. Any other failure
 * ends the worker and is thrown by {@link #run}; nothing is ever skipped.
 *
 * <p>{@link #run} blocks its thread; {@link #close} and {@link #progress} may be called from any.
 * Single-use. The sink is closed at the end.
 */
public final class SinkWorker implements Runnable, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SinkWorker.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final InstantSource CLOCK = InstantSource.system();

  /** While a partition waits to be read on or tried again, the loop turns faster. */
  private static final Duration SHORT_POLL = Duration.ofMillis(10);

  /** What may be read ahead of the target, over all partitions. */
  private static final long READ_AHEAD_BYTES = 128L << 20;

  private static final long MIN_READ_AHEAD_BYTES = 256L << 10;
  private static final long MAX_READ_AHEAD_BYTES = 16L << 20;

  /** How often checkpoints are compared with the log's end, and idle targets looked at. */
  private static final long COMPARE_EVERY_MS = 5_000;

  /** With very many partitions an idle target is looked at so often, at most. */
  private static final long COMPARE_EVERY_MS_PER_PARTITION = 100;

  private static final long TAKE_PATIENCE_MS = 10_000;
  private static final long REVOKE_PATIENCE_MS = 30_000;
  private static final long CLOSE_PATIENCE_MS = 20_000;

  private final Sink sink;
  private final LogConnection log;
  private final SchemaStore schemas;
  private final Predicate<TableId> wanted;
  private final ExecutorService pool;
  private final PartitionApplier applier;
  private final RateLimit rate = new RateLimit();
  private final Sweeper sweeper;
  private final Map<LogPartition, PartitionFeed> feeds = new ConcurrentHashMap<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private long comparedAtMs;
  private volatile boolean running;
  private volatile boolean stopped;
  private volatile SinkProgress.State state = SinkProgress.State.STARTING;
  private volatile String detail = "";

  /**
   * @param wanted which tables the sink holds
   * @param parallelism how many partitions are applied at the same time
   * @param letters where rows go that the target refuses; the caller's to close
   */
  public SinkWorker(
      Sink sink,
      LogConnection log,
      Predicate<TableId> wanted,
      int parallelism,
      DeadLetters letters) {
    this.sink = sink;
    this.log = log;
    this.schemas = new SchemaStore(log);
    this.wanted = wanted;
    Parking parking = new Parking(sink.name(), sink.generation(), letters);
    this.pool =
        Executors.newFixedThreadPool(
            parallelism,
            task -> {
              Thread thread = new Thread(task, "headwater/" + sink.name() + "/apply");
              thread.setDaemon(true);
              return thread;
            });
    LogView view = new KafkaLogView(log);
    CheckpointRule rule =
        new CheckpointRule(sink.name(), sink.generation(), sink.keyScan().isPresent(), view, CLOCK);
    this.applier = new PartitionApplier(sink, schemas, rule, rate, parking, this::executeIfRunning);
    this.sweeper = new Sweeper(sink, log, view, schemas, wanted, applier, feeds.values());
  }

  /** Feeds the sink until {@link #close()}; throws what it must not go on over. */
  @Override
  public void run() {
    running = true;
    try (GroupReader reader = GroupReader.open(log, group(), schemas, wanted, new Assignments())) {
      LOG.atInfo().addKeyValue("sink", sink.name()).log("sink worker started");
      sweeper.start();
      feedUntilStopped(reader);
      state = SinkProgress.State.STOPPED;
      LOG.atInfo().addKeyValue("sink", sink.name()).log("sink worker stopped");
    } catch (HeadwaterException e) {
      state = SinkProgress.State.FAILED;
      detail = e.getMessage() + ". " + e.hint();
      throw e;
    } finally {
      sweeper.close();
      sink.close();
      ended.countDown();
    }
  }

  /** Has at most so many rows applied in a second; 0 for no limit. */
  void limitRate(long rowsPerSecond) {
    rate.limit(rowsPerSecond);
  }

  /** Whether the generation does not serve: being fenced now and then is no failure then. */
  void isShadow(boolean shadow) {
    applier.isShadow(shadow);
  }

  /** Whether each living row is to be written once more: the generation is built in place. */
  void rewrites(boolean newRewrites) {
    sweeper.rewrites(newRewrites);
  }

  /** Each generation has a group of its own: one writer and one position for each partition. */
  private String group() {
    return "headwater." + sink.name() + ".g" + sink.generation();
  }

  private void feedUntilStopped(GroupReader reader) {
    try {
      while (!stopped) {
        step(reader);
      }
    } finally {
      // The group gives the partitions on when it is left, so the batches in hand come first.
      stopApplying();
    }
  }

  private void stopApplying() {
    stopped = true;
    pool.shutdown();
    feeds.values().forEach(feed -> feed.close(CLOSE_PATIENCE_MS / 2));
    pool.shutdownNow();
    feeds.clear();
  }

  private void step(GroupReader reader) {
    for (PartitionBatch batch : readPatiently(reader)) {
      PartitionFeed feed = feeds.get(batch.partition());
      if (feed != null) {
        feed.offer(batch);
      }
    }
    applier.throwFailure();
    startTaken(reader);
    compareWithEnd(reader);
    feeds.values().forEach(this::applyIfDue);
    bound(reader);
    tellState();
  }

  private Duration patience() {
    boolean waiting =
        feeds.values().stream()
                .anyMatch(f -> f.attempts() > 0 || f.state() != PartitionFeed.State.RUNNING)
            || feeds.values().stream().anyMatch(f -> fullness(f) > 0.5);
    return waiting ? SHORT_POLL : POLL;
  }

  /** A log that is away for a while holds the sink up and does not end it. */
  private List<PartitionBatch> readPatiently(GroupReader reader) {
    try {
      return reader.poll(patience());
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable() || stopped) {
        throw e;
      }
      retrying(e);
      sleep(Backoff.pauseMs(2));
      return List.of();
    }
  }

  /** Sets reading to where the target's checkpoints say. */
  private void startTaken(GroupReader reader) {
    for (PartitionFeed feed : feeds.values()) {
      if (feed.state() == PartitionFeed.State.TAKEN) {
        feed.startOffset()
            .ifPresentOrElse(
                offset -> reader.seek(feed.partition(), offset),
                () -> reader.seekToBeginning(feed.partition()));
        feed.started();
      }
    }
  }

  /**
   * Tells checkpoints that nothing has been missed, and by that looks whether an idle target still
   * has them.
   */
  private void compareWithEnd(GroupReader reader) {
    long now = CLOCK.millis();
    long every = Math.max(COMPARE_EVERY_MS, feeds.size() * COMPARE_EVERY_MS_PER_PARTITION);
    if (feeds.isEmpty() || now - comparedAtMs < every) {
      return;
    }
    comparedAtMs = now;
    Map<LogPartition, Long> ends;
    try {
      ends = reader.endOffsets();
    } catch (HeadwaterException e) {
      retrying(e);
      return;
    }
    for (PartitionFeed feed : feeds.values()) {
      Long end = ends.get(feed.partition());
      if (end != null && feed.state() == PartitionFeed.State.RUNNING) {
        long position = reader.position(feed.partition());
        feed.compareWithEnd(position, end, now, applier.rule());
      }
    }
  }

  private void applyIfDue(PartitionFeed feed) {
    if (stopped || !rate.isFree() || !feed.claim()) {
      return;
    }
    boolean isTaken =
        executeIfRunning(
            () -> {
              try {
                applier.workOn(feed);
              } finally {
                feed.release();
              }
              // What came meanwhile does not wait for the reading thread to look again.
              applyIfDue(feed);
            });
    if (!isTaken) {
      feed.release();
    }
  }

  /** Answers false where the worker is being stopped. */
  private boolean executeIfRunning(Runnable work) {
    try {
      pool.execute(work);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Reads on only where the target keeps up. */
  private void bound(GroupReader reader) {
    for (PartitionFeed feed : feeds.values()) {
      double fullness = fullness(feed);
      if (fullness > 1 || feed.state() != PartitionFeed.State.RUNNING) {
        reader.pause(feed.partition());
      } else if (fullness <= 0.5) {
        reader.resume(feed.partition());
      }
      feed.lagBehindRead(reader.lag(feed.partition()).orElse(0));
    }
  }

  private double fullness(PartitionFeed feed) {
    return feed.fullness(sink.batchLimit(), readAhead());
  }

  private long readAhead() {
    long share = READ_AHEAD_BYTES / Math.max(1, feeds.size());
    return Math.max(MIN_READ_AHEAD_BYTES, Math.min(MAX_READ_AHEAD_BYTES, share));
  }

  private void tellState() {
    HeadwaterException trouble = applier.trouble();
    if (trouble != null && feeds.values().stream().anyMatch(feed -> feed.attempts() > 0)) {
      retrying(trouble);
    } else if (state != SinkProgress.State.RUNNING) {
      state = SinkProgress.State.RUNNING;
      detail = "";
    }
  }

  private void retrying(HeadwaterException failure) {
    if (state != SinkProgress.State.RETRYING) {
      LOG.atWarn()
          .addKeyValue("sink", sink.name())
          .addKeyValue("error", failure.getMessage())
          .log("sink waits and tries again");
    }
    state = SinkProgress.State.RETRYING;
    detail = failure.getMessage() + ". " + failure.hint();
  }

  private void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
  }

  /** Where the worker is. */
  public SinkProgress progress() {
    List<SinkProgress.Partition> partitions = new ArrayList<>();
    feeds.values().forEach(feed -> partitions.add(feed.progress()));
    partitions.sort(Comparator.comparing(p -> p.partition().toString()));
    return new SinkProgress(state, detail, applier.applied(), partitions);
  }

  /**
   * Ends {@link #run} after the batches in hand, and waits for that, half a minute at most; what
   * was not applied is read again. May be called from any thread, also twice.
   */
  @Override
  public void close() {
    stopped = true;
    if (!running) {
      pool.shutdownNow();
      sink.close();
      return;
    }
    try {
      if (!ended.await(CLOSE_PATIENCE_MS + 10_000, TimeUnit.MILLISECONDS)) {
        LOG.atWarn().addKeyValue("sink", sink.name()).log("sink worker did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the group's decisions mean for the feeds; on the polling thread. */
  private final class Assignments implements GroupReader.Listener {
    @Override
    public Map<LogPartition, Long> assigned(Collection<LogPartition> partitions) {
      for (LogPartition partition : partitions) {
        PartitionFeed feed = new PartitionFeed(partition, sink.generation(), CLOCK);
        feeds.put(partition, feed);
        applyIfDue(feed);
      }
      awaitTaken(partitions);
      Map<LogPartition, Long> starts = new HashMap<>();
      for (LogPartition partition : partitions) {
        PartitionFeed feed = feeds.get(partition);
        // One that could not be taken yet starts at the beginning, and what that brings is dropped.
        if (feed != null && feed.state() == PartitionFeed.State.TAKEN) {
          feed.startOffset().ifPresent(offset -> starts.put(partition, offset));
          feed.started();
        }
      }
      return starts;
    }

    /** A target that is away must not hold the group up, so patience ends at the first failure. */
    private void awaitTaken(Collection<LogPartition> partitions) {
      long end = System.nanoTime() + TAKE_PATIENCE_MS * 1_000_000;
      while (!stopped && System.nanoTime() < end && !applier.hasFailed()) {
        boolean waiting =
            partitions.stream()
                .map(feeds::get)
                .anyMatch(f -> f.state() == PartitionFeed.State.UNTAKEN && f.attempts() == 0);
        if (!waiting) {
          return;
        }
        sleep(1);
      }
    }

    @Override
    public void revoked(Collection<LogPartition> partitions) {
      end(partitions, REVOKE_PATIENCE_MS);
    }

    @Override
    public void lost(Collection<LogPartition> partitions) {
      end(partitions, 0);
    }

    private void end(Collection<LogPartition> partitions, long patienceMs) {
      for (LogPartition partition : partitions) {
        PartitionFeed feed = feeds.remove(partition);
        if (feed != null) {
          feed.close(patienceMs);
        }
      }
    }
  }
}

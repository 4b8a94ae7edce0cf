package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.GroupReader;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one sink: reads its share of the log's partitions and applies them, several at a time.
 *
 * <p>Workers of one sink, in any process, share partitions through Kafka's group protocol; where
 * each starts is the checkpoint in the target, never the group's offset. A partition whose batch
 * the target did not take is paused and tried again, with growing pauses, for ever; the group stays
 * alive meanwhile. Any other failure ends the worker and is thrown by {@link #run}.
 *
 * <p>{@link #run} blocks its thread; {@link #close} and {@link #progress} may be called from any.
 */
public final class SinkWorker implements Runnable, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SinkWorker.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long FIRST_PAUSE_MS = 200;
  private static final long LONGEST_PAUSE_MS = 5_000;

  /** Long enough for the group to tell a worker that its partition is another's now. */
  private static final long RETAKE_AFTER_MS = 3_000;

  /** How often an idle partition's checkpoint is told that it is still level with the log. */
  private static final long LEVEL_EVERY_MS = 30_000;

  private final Sink sink;
  private final LogConnection log;
  private final SchemaStore schemas;
  private final Predicate<TableId> wanted;
  private final ExecutorService pool;
  private final Map<LogPartition, PartitionFeed> feeds = new HashMap<>();
  private final Assignments assignments = new Assignments();
  private final Set<String> prepared = ConcurrentHashMap.newKeySet();
  private final AtomicLong applied = new AtomicLong();
  private final AtomicLong lastAppliedTsMs = new AtomicLong();
  private final Map<String, Long> offsets = new ConcurrentHashMap<>();
  private volatile long lagRecords;
  private volatile boolean stopped;
  private volatile SinkProgress.State state = SinkProgress.State.STARTING;
  private volatile String detail = "";

  /**
   * @param wanted which tables the sink holds
   * @param parallelism how many partitions are applied at the same time
   */
  public SinkWorker(Sink sink, LogConnection log, Predicate<TableId> wanted, int parallelism) {
    this.sink = sink;
    this.log = log;
    this.schemas = new SchemaStore(log);
    this.wanted = wanted;
    this.pool =
        Executors.newFixedThreadPool(
            parallelism,
            task -> {
              Thread thread = new Thread(task, "headwater/" + sink.name() + "/apply");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Feeds the sink until {@link #close()}; throws what it must not go on over. */
  @Override
  public void run() {
    try (GroupReader reader =
        GroupReader.open(log, "headwater." + sink.name(), schemas, wanted, assignments)) {
      state = SinkProgress.State.RUNNING;
      while (!stopped) {
        step(reader);
      }
      state = SinkProgress.State.STOPPED;
    } catch (HeadwaterException e) {
      state = SinkProgress.State.FAILED;
      detail = e.getMessage();
      throw e;
    } finally {
      feeds.values().forEach(PartitionFeed::close);
      feeds.clear();
      pool.shutdownNow();
      sink.close();
    }
  }

  private void step(GroupReader reader) {
    boolean waiting = feeds.values().stream().anyMatch(PartitionFeed::isWaiting);
    for (PartitionBatch batch : readPolitely(reader, waiting)) {
      PartitionFeed feed = feeds.get(batch.partition());
      if (feed != null && feed.isWaiting()) {
        // A paused partition brings nothing; should one ever, it is read again in its turn.
        reader.seek(batch.partition(), feed.batch().nextOffset());
        reader.pause(batch.partition());
      } else if (feed != null) {
        boolean level = reader.lag(batch.partition()).orElse(1) == 0;
        feed.take(batch, reader.position(batch.partition()), level);
        reader.pause(batch.partition());
      }
    }
    retakeLost(reader);
    confirmLevel(reader);
    applyWaiting();
    for (PartitionFeed feed : feeds.values()) {
      if (!feed.isWaiting()) {
        reader.resume(feed.partition());
      }
    }
    measure(reader);
  }

  /** A log that is away for a while holds the sink up and does not end it. */
  private List<PartitionBatch> readPolitely(GroupReader reader, boolean waiting) {
    try {
      return reader.poll(waiting ? Duration.ofMillis(20) : POLL);
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable() || stopped) {
        throw e;
      }
      enterRetrying(e);
      pause(FIRST_PAUSE_MS);
      return List.of();
    }
  }

  /**
   * Takes partitions again whose target no longer knows this worker, and reads them from the
   * checkpoint found there: a target that lost its data, or an earlier state of it, is fed from
   * there. A worker that lost the partition to another one is told so by the group first.
   */
  private void retakeLost(GroupReader reader) {
    for (PartitionFeed feed : new ArrayList<>(feeds.values())) {
      if (feed.isRetakeDue()) {
        feed.close();
        PartitionFeed again = assignments.reopen(feed.partition());
        feeds.put(feed.partition(), again);
        reader.seek(feed.partition(), again.nextOffset());
        reader.resume(feed.partition());
        LOG.atWarn()
            .addKeyValue("sink", sink.name())
            .addKeyValue("partition", feed.partition())
            .addKeyValue("offset", again.nextOffset())
            .log("the target had lost this worker's checkpoint; reading on from the one found");
      }
    }
  }

  /** Tells checkpoints of partitions without new records that nothing has been missed. */
  private void confirmLevel(GroupReader reader) {
    long now = System.currentTimeMillis();
    for (PartitionFeed feed : feeds.values()) {
      if (!feed.isWaiting()
          && now - feed.levelAtMs() > LEVEL_EVERY_MS
          && reader.lag(feed.partition()).orElse(1) == 0) {
        feed.take(
            new PartitionBatch(feed.partition(), List.of(), feed.nextOffset()),
            reader.position(feed.partition()),
            true);
      }
    }
  }

  private void applyWaiting() {
    List<Future<?>> running = new ArrayList<>();
    List<PartitionFeed> tried = new ArrayList<>();
    for (PartitionFeed feed : feeds.values()) {
      if (feed.isDue()) {
        tried.add(feed);
        running.add(pool.submit(() -> applyOne(feed)));
      }
    }
    boolean trouble = false;
    for (int i = 0; i < running.size(); i++) {
      trouble |= !outcome(running.get(i), tried.get(i));
    }
    if (!tried.isEmpty() && !trouble && feeds.values().stream().noneMatch(f -> f.attempts() > 0)) {
      state = SinkProgress.State.RUNNING;
      detail = "";
    }
  }

  private void applyOne(PartitionFeed feed) {
    for (int version : feed.schemaVersions()) {
      prepare(feed.partition().table(), version);
    }
    FoldedBatch batch = feed.batch();
    feed.apply();
    applied.addAndGet(batch.rows().size());
    for (FoldedRow row : batch.rows()) {
      lastAppliedTsMs.accumulateAndGet(row.tsMs(), Math::max);
    }
    offsets.put(feed.partition().toString(), batch.nextOffset());
  }

  private void prepare(TableId table, int version) {
    String name = table + "@" + version;
    if (!prepared.contains(name)) {
      TableSchema schema =
          schemas
              .find(table, version)
              .orElseThrow(
                  () ->
                      new HeadwaterException(
                          FailureCode.LOG_NOT_READY,
                          "sink '"
                              + sink.name()
                              + "' – the log has no version "
                              + version
                              + " of the schema of "
                              + table,
                          "Its record in __headwater.schemas is gone; load the table again."));
      sink.prepare(schema);
      prepared.add(name);
    }
  }

  private boolean outcome(Future<?> attempt, PartitionFeed feed) {
    try {
      attempt.get();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HeadwaterException failure && failure.code().isRetriable()) {
        long pause = Math.min(FIRST_PAUSE_MS << Math.min(feed.attempts(), 10), LONGEST_PAUSE_MS);
        feed.retryAfter(pause);
        enterRetrying(failure);
        return false;
      }
      if (e.getCause() instanceof HeadwaterException failure) {
        if (failure.code() == FailureCode.FENCED) {
          feed.retakeAfter(RETAKE_AFTER_MS);
          enterRetrying(failure);
          return false;
        }
        throw failure;
      }
      throw new HeadwaterException(
          FailureCode.INTERNAL,
          "sink '" + sink.name() + "' – applying " + feed.partition() + " failed: " + e.getCause(),
          "This is a defect; nothing was skipped.",
          e.getCause());
    }
  }

  private void enterRetrying(HeadwaterException failure) {
    if (state != SinkProgress.State.RETRYING) {
      LOG.atWarn()
          .addKeyValue("sink", sink.name())
          .addKeyValue("error", failure.getMessage())
          .log("sink waits and tries again");
    }
    state = SinkProgress.State.RETRYING;
    detail = failure.getMessage();
  }

  private void measure(GroupReader reader) {
    long lag = 0;
    for (PartitionFeed feed : feeds.values()) {
      lag += reader.lag(feed.partition()).orElse(0) + feed.waitingRecords();
    }
    lagRecords = lag;
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Where the worker is. */
  public SinkProgress progress() {
    return new SinkProgress(
        state, detail, applied.get(), lagRecords, lastAppliedTsMs.get(), new TreeMap<>(offsets));
  }

  /** Ends {@link #run} after the batches in hand; what was not applied is read again. */
  @Override
  public void close() {
    stopped = true;
  }

  /** What the group's decisions mean for the feeds; on the polling thread. */
  private final class Assignments implements GroupReader.Listener {
    @Override
    public Map<LogPartition, Long> assigned(Collection<LogPartition> partitions) {
      Map<LogPartition, Long> starts = new HashMap<>();
      Set<TableId> tables = new HashSet<>();
      partitions.forEach(p -> tables.add(p.table()));
      Map<TableId, TableSchema> latest = tables.isEmpty() ? Map.of() : schemas.latest();
      for (LogPartition partition : partitions) {
        PartitionFeed feed = open(partition, latest);
        feeds.put(partition, feed);
        if (feed.nextOffset() > 0) {
          starts.put(partition, feed.nextOffset());
        }
      }
      return starts;
    }

    /** A partition again, whose target may have been emptied: what rows need is made anew. */
    PartitionFeed reopen(LogPartition partition) {
      String table = partition.table() + "@";
      prepared.removeIf(name -> name.startsWith(table));
      return open(partition, schemas.latest());
    }

    private PartitionFeed open(LogPartition partition, Map<TableId, TableSchema> latest) {
      long pause = FIRST_PAUSE_MS;
      while (true) {
        try {
          TableSchema schema = latest.get(partition.table());
          if (schema != null) {
            prepare(partition.table(), schema.version());
          }
          return PartitionFeed.open(sink, partition, log.config().deleteRetention());
        } catch (HeadwaterException e) {
          if (!e.code().isRetriable() || stopped) {
            throw e;
          }
          enterRetrying(e);
          pause(pause);
          pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        }
      }
    }

    @Override
    public void revoked(Collection<LogPartition> partitions) {
      lost(partitions);
    }

    @Override
    public void lost(Collection<LogPartition> partitions) {
      for (LogPartition partition : partitions) {
        PartitionFeed feed = feeds.remove(partition);
        if (feed != null) {
          feed.close();
        }
        offsets.remove(partition.toString());
      }
    }
  }
}

package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one piece of work on a partition: takes it over, or applies its next batch; and decides what
 * a failure means. Called by the worker's pool, by many threads, each with a feed it has claimed.
 */
final class PartitionApplier {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionApplier.class);

  /** In this time the group tells a worker that was away that its partitions are another's. */
  private static final long FENCED_PAUSE_MS = 1_000;

  /** So often in a row only two that do not know of each other can take a partition in turns. */
  private static final int MAX_FENCES = 10;

  private final Sink sink;
  private final SchemaStore schemas;
  private final CheckpointRule rule;
  private final BatchLimit limit;
  private final Map<TableId, Set<Integer>> prepared = new ConcurrentHashMap<>();
  private final AtomicLong applied = new AtomicLong();
  private final RateLimit rate;
  private final Parking parking;
  private final Executor pool;
  private final AtomicReference<@Nullable HeadwaterException> failure = new AtomicReference<>();
  private volatile @Nullable HeadwaterException trouble;
  private volatile boolean isShadow;

  /**
   * @param pool where a batch is made ready while the one before it is applied
   */
  PartitionApplier(
      Sink sink,
      SchemaStore schemas,
      CheckpointRule rule,
      RateLimit rate,
      Parking parking,
      Executor pool) {
    this.sink = sink;
    this.pool = pool;
    this.parking = parking;
    this.schemas = schemas;
    this.rule = rule;
    this.rate = rate;
    this.limit = sink.batchLimit();
  }

  CheckpointRule rule() {
    return rule;
  }

  /** Whether the generation does not serve, so that another writer may feed it now and then. */
  void isShadow(boolean shadow) {
    isShadow = shadow;
  }

  /** Ends the worker with a failure met elsewhere. */
  void fail(HeadwaterException e) {
    failure.compareAndSet(null, e);
  }

  /** Rows applied so far, folded. */
  long applied() {
    return applied.get();
  }

  /** The last failure that is retried; null before the first. */
  @Nullable HeadwaterException trouble() {
    return trouble;
  }

  boolean hasFailed() {
    return failure.get() != null;
  }

  /** Throws what the worker must not go on over, if anything. */
  void throwFailure() {
    HeadwaterException e = failure.get();
    if (e != null) {
      throw e;
    }
  }

  /** Takes the feed's partition, or applies its next batch. Never throws. */
  void workOn(PartitionFeed feed) {
    guarded(
        feed,
        () -> {
          if (feed.state() == PartitionFeed.State.UNTAKEN) {
            take(feed);
          } else if (feed.state() == PartitionFeed.State.RUNNING) {
            apply(feed);
          }
        });
  }

  private void guarded(PartitionFeed feed, Runnable work) {
    try {
      work.run();
    } catch (HeadwaterException e) {
      handle(feed, e);
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(
          null,
          new HeadwaterException(
              FailureCode.INTERNAL,
              "sink '" + sink.name() + "' – applying " + feed.partition() + " failed: " + e,
              "This is a defect; nothing was skipped.",
              e));
    }
  }

  private void take(PartitionFeed feed) {
    TableId table = feed.partition().table();
    if (!prepared.containsKey(table)) {
      TableSchema latest = schemas.latest().get(table);
      if (latest != null) {
        prepare(table, latest.version(), latest);
      }
    }
    long beganMs = rule.now();
    PartitionWriter writer = sink.take(feed.partition());
    long levelAtMs;
    try {
      levelAtMs = rule.levelAt(writer, beganMs);
      // Behind the fence: whatever the former owner has parked below the checkpoint stands there.
      parking.refresh();
    } catch (RuntimeException e) {
      writer.close();
      throw e;
    }
    feed.taken(writer, levelAtMs);
    LOG.atInfo()
        .addKeyValue("sink", sink.name())
        .addKeyValue("partition", feed.partition())
        .addKeyValue("offset", writer.checkpoint().map(Checkpoint::nextOffset).orElse(0L))
        .log("partition taken");
  }

  private void apply(PartitionFeed feed) {
    BatchLimit now = rate.within(limit);
    FoldedBatch batch = feed.batch(now);
    if (feed.asksForNext(now)) {
      pool.execute(() -> guarded(feed, () -> feed.makeNext(now, this::makeReady)));
    }
    TableId table = feed.partition().table();
    Set<Integer> known = prepared.getOrDefault(table, Set.of());
    int last = 0;
    for (FoldedRow row : batch.rows()) {
      int version = row.schemaVersion();
      if (version != last && !known.contains(version)) {
        prepare(table, version, find(table, version, row));
        known = prepared.getOrDefault(table, Set.of());
      }
      last = version;
    }
    int taken = parking.apply(feed.writer(), batch);
    feed.applied(batch);
    applied.addAndGet(taken);
    rate.spend(batch.rows().size());
  }

  /** What has a schema that was not prepared yet is left to its turn: then the target is asked. */
  private void makeReady(PartitionWriter writer, List<FoldedRow> rows) {
    Set<Integer> known = prepared.getOrDefault(writer.partition().table(), Set.of());
    if (rows.stream().allMatch(row -> known.contains(row.schemaVersion()))) {
      writer.makeReady(rows);
    }
  }

  private TableSchema find(TableId table, int version, FoldedRow row) {
    return schemas
        .find(table, version)
        .orElseThrow(
            () ->
                new HeadwaterException(
                    FailureCode.LOG_NOT_READY,
                    "sink '%s' – the log has no version %d of the schema of %s, which its record at offset %d was written with"
                        .formatted(sink.name(), version, table, row.offset()),
                    "Its record in __headwater.schemas is gone: load the table again."));
  }

  private void prepare(TableId table, int version, TableSchema schema) {
    sink.prepare(schema);
    prepared.computeIfAbsent(table, t -> ConcurrentHashMap.newKeySet()).add(version);
  }

  private void handle(PartitionFeed feed, HeadwaterException e) {
    if (e.code().isRetriable()) {
      trouble = e;
      feed.retryAfter(Backoff.pauseMs(feed.attempts() + 1));
    } else if (e.code() != FailureCode.FENCED) {
      failure.compareAndSet(null, e);
    } else if (feed.fenced(FENCED_PAUSE_MS) > MAX_FENCES && !isShadow) {
      failure.compareAndSet(null, e);
    } else {
      // Where the target was emptied, what rows need is gone too.
      prepared.remove(feed.partition().table());
      LOG.atInfo()
          .addKeyValue("sink", sink.name())
          .addKeyValue("partition", feed.partition())
          .log("writer fenced");
    }
  }
}

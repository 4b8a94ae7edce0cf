package dev.headwater.sinks.verify;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Follows the log from where it ended when the verification began, on a thread of its own, so that
 * what is written meanwhile is known before compaction could take it.
 */
final class Tail implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(50);
  private static final long CLOSE_MS = 5_000;

  private final ReplayReader reader;
  private final List<LogPartition> partitions;
  private final Map<LogPartition, Long> starts;
  private final Evidence evidence;
  private final Spill spill;
  private final Map<LogPartition, Long> positions = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::follow, "headwater/verify/tail");
  private volatile boolean stopped;
  private volatile @Nullable RuntimeException failure;

  private Tail(
      ReplayReader reader,
      List<LogPartition> partitions,
      Map<LogPartition, Long> starts,
      Evidence evidence,
      Spill spill) {
    this.reader = reader;
    this.partitions = partitions;
    this.starts = starts;
    this.evidence = evidence;
    this.spill = spill;
    positions.putAll(starts);
  }

  /**
   * Begins to follow.
   *
   * @param starts where, for every partition
   */
  static Tail start(
      LogConnection log,
      List<LogPartition> partitions,
      Map<LogPartition, Long> starts,
      Evidence evidence,
      Spill spill) {
    ReplayReader reader = ReplayReader.open(log, partitions, starts);
    Tail tail = new Tail(reader, partitions, starts, evidence, spill);
    tail.thread.setDaemon(true);
    tail.thread.start();
    return tail;
  }

  private void follow() {
    try (reader) {
      while (!stopped) {
        for (PartitionBatch batch : reader.poll(POLL)) {
          int ordinal = partitions.indexOf(batch.partition());
          batch.records().forEach(record -> spill.add(evidence.of(ordinal, record)));
          positions.put(batch.partition(), batch.nextOffset());
        }
      }
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  /** Where the tail begins in a partition: everything from here on is known for certain. */
  long start(int ordinal) {
    return starts.getOrDefault(partitions.get(ordinal), 0L);
  }

  /**
   * Waits until everything below an offset is known.
   *
   * @throws HeadwaterException LOG_UNREACHABLE if that takes longer than it may
   */
  void await(int ordinal, long offset, Duration limit) {
    LogPartition partition = partitions.get(ordinal);
    long deadline = System.nanoTime() + limit.toNanos();
    while (positions.getOrDefault(partition, 0L) < offset) {
      RuntimeException failed = failure;
      if (failed != null) {
        throw failed;
      }
      if (System.nanoTime() > deadline) {
        throw new HeadwaterException(
            FailureCode.LOG_UNREACHABLE,
            "topic '%s' – what stands below offset %d did not come in %d s"
                .formatted(partition.topic(), offset, limit.toSeconds()),
            "Look at the brokers, and verify again.");
      }
      Pause.millis(5);
    }
  }

  @Override
  public void close() {
    stopped = true;
    Pause.untilEnded(thread, CLOSE_MS);
  }
}

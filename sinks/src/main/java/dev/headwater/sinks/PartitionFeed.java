package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One partition on its way into a sink: its writer, where it stands, and at most one batch that
 * waits to be applied.
 *
 * <p>Handed between the polling thread and one applying thread, never used by both at once.
 */
final class PartitionFeed implements AutoCloseable {
  private static final int GENERATION = 1;

  private final LogPartition partition;
  private final PartitionWriter writer;
  private long nextOffset;
  private long levelAtMs;
  private @Nullable FoldedBatch waiting;
  private int waitingRecords;
  private Set<Integer> schemaVersions = Set.of();
  private int attempts;
  private long dueAtNanos;
  private boolean lost;

  private PartitionFeed(LogPartition partition, PartitionWriter writer) {
    this.partition = partition;
    this.writer = writer;
    this.nextOffset = writer.checkpoint().map(Checkpoint::nextOffset).orElse(0L);
    this.levelAtMs =
        writer.checkpoint().map(Checkpoint::levelAtMs).orElse(System.currentTimeMillis());
  }

  /**
   * Takes the partition over.
   *
   * @throws HeadwaterException {@code CHECKPOINT_STALE} if deletes may have been missed since the
   *     checkpoint was level with the log, or its offsets are of another topic
   */
  static PartitionFeed open(Sink sink, LogPartition partition, Duration deleteRetention) {
    PartitionWriter writer = sink.take(partition);
    Optional<Checkpoint> checkpoint = writer.checkpoint();
    if (checkpoint.isPresent()) {
      requireFresh(sink.name(), partition, checkpoint.get(), deleteRetention);
    }
    return new PartitionFeed(partition, writer);
  }

  private static void requireFresh(
      String sink, LogPartition partition, Checkpoint checkpoint, Duration deleteRetention) {
    String hint =
        "Deletes may have been missed. Empty the target's copy, its checkpoints included, so that"
            + " it is built again from offset zero.";
    if (!checkpoint.topicId().equals(partition.topicId())) {
      throw new HeadwaterException(
          FailureCode.CHECKPOINT_STALE,
          "sink '"
              + sink
              + "' – its checkpoint for "
              + partition
              + " belongs to a topic of that name that is gone",
          hint);
    }
    long age = System.currentTimeMillis() - checkpoint.levelAtMs();
    if (age > deleteRetention.toMillis() / 2) {
      throw new HeadwaterException(
          FailureCode.CHECKPOINT_STALE,
          "sink '"
              + sink
              + "' – "
              + partition
              + " was last level with the log "
              + Duration.ofMillis(age).toHours()
              + " h ago, over half of delete_retention ("
              + deleteRetention.toHours()
              + " h)",
          hint);
    }
  }

  LogPartition partition() {
    return partition;
  }

  long nextOffset() {
    return nextOffset;
  }

  long levelAtMs() {
    return levelAtMs;
  }

  /** Folds what was read and keeps it until it is applied. */
  void take(PartitionBatch read, long position, boolean level) {
    if (level) {
      levelAtMs = System.currentTimeMillis();
    }
    // A rewind cannot happen while a batch waits, so the position is behind everything read.
    long next = Math.max(Math.max(position, read.nextOffset()), nextOffset);
    Set<Integer> versions = new TreeSet<>();
    for (LogRecord record : read.records()) {
      versions.add(record.schemaVersion());
    }
    versions.remove(0);
    schemaVersions = versions;
    waitingRecords = read.records().size();
    waiting =
        new FoldedBatch(
            partition,
            nextOffset,
            next,
            BatchFold.fold(read),
            new Checkpoint(GENERATION, partition.topicId(), next, levelAtMs));
    attempts = 0;
    dueAtNanos = System.nanoTime();
  }

  boolean isWaiting() {
    return waiting != null;
  }

  boolean isDue() {
    return waiting != null && !lost && System.nanoTime() - dueAtNanos >= 0;
  }

  /** Whether the target no longer knows this writer, and it is time to take the partition again. */
  boolean isRetakeDue() {
    return lost && System.nanoTime() - dueAtNanos >= 0;
  }

  /** The target no longer knows this writer; what waits will be read again. */
  void retakeAfter(long millis) {
    lost = true;
    retryAfter(millis);
  }

  int waitingRecords() {
    return waiting == null ? 0 : waitingRecords;
  }

  int attempts() {
    return attempts;
  }

  Set<Integer> schemaVersions() {
    return schemaVersions;
  }

  FoldedBatch batch() {
    if (waiting == null) {
      throw new IllegalStateException("nothing of " + partition + " waits");
    }
    return waiting;
  }

  /** Applies what waits; it goes on waiting if that fails. */
  void apply() {
    FoldedBatch batch = batch();
    writer.apply(batch);
    nextOffset = batch.nextOffset();
    waiting = null;
    attempts = 0;
  }

  void retryAfter(long millis) {
    attempts++;
    dueAtNanos = System.nanoTime() + millis * 1_000_000;
  }

  @Override
  public void close() {
    writer.close();
  }
}

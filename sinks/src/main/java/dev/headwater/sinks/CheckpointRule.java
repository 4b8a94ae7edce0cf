package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.time.Duration;
import java.time.InstantSource;

/**
 * When a place in the log may be read on from without missing a delete (I6).
 *
 * <p>Kafka removes a tombstone {@code delete.retention.ms} after its segment was first cleaned
 * (KIP-534). Whoever reads on from an offset within half of that time since the offset was the end
 * of the log has met every tombstone, with room for clocks and slow cleaners. An offset that is
 * still the end has nothing behind it to be missed. Thread-safe.
 */
final class CheckpointRule {
  private static final String BUILD_AGAIN =
      "Deletes may have been missed, so the sink is not fed on: headwater rebuild ";

  private final String sink;
  private final int generation;
  private final boolean isSwept;
  private final LogView log;
  private final InstantSource clock;

  /**
   * @param isSwept whether the target can be swept
   */
  CheckpointRule(String sink, int generation, boolean isSwept, LogView log, InstantSource clock) {
    this.sink = sink;
    this.generation = generation;
    this.isSwept = isSwept;
    this.log = log;
    this.clock = clock;
  }

  /** The time, as levels are told in it. */
  long now() {
    return clock.millis();
  }

  /**
   * Since when a writer that was just taken is known to have missed nothing, as {@link
   * #requireUsable} has it. A replay from the beginning misses nothing that was deleted after it
   * began.
   *
   * @param beganMs a moment before it was taken
   */
  long levelAt(PartitionWriter writer, long beganMs) {
    return writer
        .checkpoint()
        .map(checkpoint -> requireUsable(writer.partition(), checkpoint))
        .orElse(beganMs);
  }

  /**
   * Refuses a checkpoint of another topic or of another generation, and one of too long ago where
   * the target cannot be swept.
   *
   * @return since when it is known that nothing was missed: the checkpoint's own word, or now where
   *     it is old and still at the end of the log; {@link Checkpoint#UNSWEPT} where deletes may
   *     have been missed
   * @throws HeadwaterException {@code CHECKPOINT_STALE}
   */
  private long requireUsable(LogPartition partition, Checkpoint checkpoint) {
    if (checkpoint.generation() != generation) {
      throw stale(partition, "is of generation " + checkpoint.generation() + ", not " + generation);
    }
    if (!checkpoint.topicId().equals(partition.topicId())) {
      throw stale(partition, "counts in a topic of that name that is gone");
    }
    if (!checkpoint.isSwept()) {
      return unswept(partition, checkpoint.levelAtMs());
    }
    if (!isOld(partition, checkpoint.levelAtMs())) {
      return checkpoint.levelAtMs();
    }
    long now = clock.millis();
    if (checkpoint.nextOffset() < log.committedEnd(partition)) {
      return unswept(partition, checkpoint.levelAtMs());
    }
    return now;
  }

  private long unswept(LogPartition partition, long levelAtMs) {
    if (!isSwept) {
      throw old(partition, levelAtMs);
    }
    return Checkpoint.UNSWEPT;
  }

  /**
   * Whether the end has been seen lately enough that no delete was missed.
   *
   * @throws HeadwaterException {@code CHECKPOINT_STALE} if not, where the target cannot be swept
   */
  boolean isFresh(LogPartition partition, long levelAtMs) {
    if (!isOld(partition, levelAtMs)) {
      return true;
    }
    unswept(partition, levelAtMs);
    return false;
  }

  /** For how long a reader may be away from the end. */
  long patienceMs(LogPartition partition) {
    return log.deleteRetentionMs(partition) / 2;
  }

  /** Refuses a place behind the end: the log has lost records that the sink holds. */
  void requireInLog(LogPartition partition, long position, long end) {
    if (position > end) {
      throw stale(
          partition,
          "is at offset " + position + ", but the log ends at " + end + ": it lost some");
    }
  }

  private boolean isOld(LogPartition partition, long levelAtMs) {
    return clock.millis() - levelAtMs > patienceMs(partition);
  }

  private HeadwaterException old(LogPartition partition, long levelAtMs) {
    long age = clock.millis() - levelAtMs;
    return stale(
        partition,
        "was level with the log %s ago, over half of the topic's delete.retention.ms (%s)"
            .formatted(words(age), words(log.deleteRetentionMs(partition))));
  }

  private static String words(long millis) {
    return Duration.ofSeconds(Math.max(1, millis / 1000))
        .toString()
        .substring(2)
        .toLowerCase(java.util.Locale.ROOT);
  }

  private HeadwaterException stale(LogPartition partition, String what) {
    return new HeadwaterException(
        FailureCode.CHECKPOINT_STALE,
        "sink '" + sink + "' – its checkpoint for " + partition + " " + what,
        BUILD_AGAIN + sink);
  }
}

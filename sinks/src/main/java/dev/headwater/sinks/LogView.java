package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * What feeding asks of the log beside the records it is brought: where a partition ends, for how
 * long its deletes stay, and to read it once more. Thread-safe.
 */
interface LogView {
  /** The first offset no committed record stands at yet. */
  long committedEnd(LogPartition partition);

  /** For how long a tombstone stays after it was first cleaned: {@code delete.retention.ms}. */
  long deleteRetentionMs(LogPartition partition);

  /**
   * Hands over the records that the log still has below an end, from the first one, in order.
   *
   * @param end exclusive
   * @param goesOn asked now and then; false ends it
   * @param receiver answers whether it wants more
   * @return whether it came to the end
   */
  boolean read(
      LogPartition partition, long end, BooleanSupplier goesOn, Predicate<LogRecord> receiver);
}

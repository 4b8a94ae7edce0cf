package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.util.List;

/**
 * Where a writer leaves rows that its target refuses, so that it can go on without them.
 *
 * <p>Called by {@link PartitionWriter#apply} and {@link PartitionWriter#repair} on their thread, at
 * most once a call, before the checkpoint of the batch is stored.
 */
@FunctionalInterface
public interface Refusals {
  /**
   * So many rows of a table refused, and none taken between them, speak of the target or the sink's
   * definition, not of rows.
   */
  int MOST_IN_A_ROW = 1_000;

  /** For callers that have nowhere to leave a row: the first ends the call. */
  Refusals STOP =
      (partition, refused, taken) -> {
        Refusal first = refused.get(0);
        throw new HeadwaterException(
            FailureCode.RECORD_REFUSED,
            "table %s – its record at offset %d of %s is refused: %s"
                .formatted(partition.table(), first.row().offset(), partition, first.reason()),
            "Correct the row in the source, or the target.");
      };

  /**
   * Keeps refused rows. When it returns they are safe, and the checkpoint may pass them; when it
   * throws, the writer leaves the checkpoint where it was and throws on.
   *
   * @param refused at least one. A writer that has met more than {@link #MOST_IN_A_ROW} and not one
   *     that was taken need not try the rest of its batch: it leaves what it has, and this throws
   * @param taken how many rows of the batch the target took
   */
  void keep(LogPartition partition, List<Refusal> refused, int taken);
}

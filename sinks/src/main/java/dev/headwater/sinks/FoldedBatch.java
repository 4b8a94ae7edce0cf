package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.util.List;

/**
 * A stretch of one partition of the log, folded to the last write per key.
 *
 * @param partition where it was read
 * @param fromOffset the first offset it covers: the {@code nextOffset} of the checkpoint before it,
 *     0 where there was none
 * @param nextOffset the first offset it does not cover, gaps and control records counted; equals
 *     {@code checkpoint.nextOffset()}
 * @param rows at most one row a key, in the order of the writes; may be empty, which only moves the
 *     checkpoint
 * @param checkpoint what the target's checkpoint is to be once all rows are in it
 */
public record FoldedBatch(
    LogPartition partition,
    long fromOffset,
    long nextOffset,
    List<FoldedRow> rows,
    Checkpoint checkpoint) {
  public FoldedBatch {
    if (fromOffset > nextOffset || checkpoint.nextOffset() != nextOffset) {
      throw new IllegalArgumentException(
          "a batch from offset %d to %d cannot carry a checkpoint at %d"
              .formatted(fromOffset, nextOffset, checkpoint.nextOffset()));
    }
  }
}

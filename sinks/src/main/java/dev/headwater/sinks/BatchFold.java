package dev.headwater.sinks;

import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Folds what was read of a partition to the last write per key.
 *
 * <p>A target then meets each key once a batch, which some demand and all are faster with; nothing
 * is lost by it, for every record is a whole row.
 */
final class BatchFold {
  private BatchFold() {}

  /** The rows in the order of their last write. */
  static List<FoldedRow> fold(PartitionBatch batch) {
    Map<Key, FoldedRow> last = new LinkedHashMap<>(batch.records().size() * 2);
    for (LogRecord record : batch.records()) {
      Key key = new Key(record.key());
      // Taken out first, so that the key moves to the end of the order.
      last.remove(key);
      last.put(
          key,
          new FoldedRow(
              record.key(),
              record.value(),
              record.seq(),
              record.offset(),
              record.schemaVersion(),
              record.nulls(),
              record.tsMs()));
    }
    return new ArrayList<>(last.values());
  }

  /** Key bytes, compared by content. */
  private static final class Key {
    private final byte[] bytes;
    private final int hash;

    Key(byte[] bytes) {
      this.bytes = bytes;
      this.hash = Arrays.hashCode(bytes);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}

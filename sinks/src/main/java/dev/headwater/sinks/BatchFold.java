package dev.headwater.sinks;

import dev.headwater.log.replay.LogRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Folds what was read of a partition to the last write per key.
 *
 * <p>A target then meets each key once a batch, which some demand and all are faster with; nothing
 * is lost by it, for every record is a whole row.
 */
final class BatchFold {
  private BatchFold() {}

  /** The rows in the order of their last write. Keys are compared by their bytes. */
  static List<FoldedRow> fold(List<LogRecord> records) {
    // Read from the end, the first record met of a key is its last write.
    KeySet seen = new KeySet(records);
    List<FoldedRow> rows = new ArrayList<>(records.size());
    for (int i = records.size() - 1; i >= 0; i--) {
      if (seen.add(i)) {
        rows.add(FoldedRow.of(records.get(i)));
      }
    }
    Collections.reverse(rows);
    return rows;
  }

  /** Which keys were met, by open addressing over the records themselves: no object a key. */
  private static final class KeySet {
    private final List<LogRecord> records;
    private final int[] slots;
    private final int[] hashes;

    KeySet(List<LogRecord> records) {
      this.records = records;
      int capacity = Integer.highestOneBit(Math.max(8, records.size() * 2) - 1) << 1;
      this.slots = new int[capacity];
      this.hashes = new int[capacity];
    }

    /** Whether the key of the record at {@code index} is new. */
    boolean add(int index) {
      byte[] key = records.get(index).key();
      int hash = Arrays.hashCode(key);
      int mask = slots.length - 1;
      // Keys that differ in a digit differ little in this hash; the high bits spread them.
      int slot = (hash ^ (hash >>> 15)) * 0x9E3779B1 >>> 7 & mask;
      while (slots[slot] != 0) {
        if (hashes[slot] == hash && Arrays.equals(key, records.get(slots[slot] - 1).key())) {
          return false;
        }
        slot = slot + 1 & mask;
      }
      slots[slot] = index + 1;
      hashes[slot] = hash;
      return true;
    }
  }
}

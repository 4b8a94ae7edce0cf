package dev.headwater.capture.window;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.Visibility;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which keys of a window's tables the stream has touched since the window's low watermark, and by
 * which transactions. On the stream's thread.
 */
final class TouchedKeys {
  /** What an entry costs beside its key's bytes. */
  private static final int ENTRY_BYTES = 112;

  private final Map<TableId, Map<Key, long[]>> keys = new HashMap<>();
  private final Map<TableId, long[]> wholeTables = new HashMap<>();
  private long bytes;

  TouchedKeys(Collection<TableId> tables) {
    tables.forEach(table -> keys.put(table, new HashMap<>()));
  }

  /** A key as the log has it; equal where its bytes are. */
  private record Key(byte[] bytes, int hash) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && hash == key.hash && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private static Key keyOf(byte[] bytes) {
    return new Key(bytes, Arrays.hashCode(bytes));
  }

  void add(TableId table, byte[] key, long xid) {
    Map<Key, long[]> ofTable = keys.get(table);
    if (ofTable != null) {
      long[] before = ofTable.putIfAbsent(keyOf(key), new long[] {xid});
      if (before == null) {
        bytes += key.length + ENTRY_BYTES;
      } else if (before[before.length - 1] != xid) {
        ofTable.put(keyOf(key), with(before, xid));
        bytes += Long.BYTES;
      }
    }
  }

  void addWhole(TableId table, long xid) {
    if (keys.containsKey(table)) {
      wholeTables.merge(table, new long[] {xid}, (before, one) -> with(before, one[0]));
    }
  }

  private static long[] with(long[] before, long xid) {
    long[] after = Arrays.copyOf(before, before.length + 1);
    after[before.length] = xid;
    return after;
  }

  /** How much memory the keys take, about. */
  long bytes() {
    return bytes;
  }

  void clear() {
    keys.values().forEach(Map::clear);
    bytes = 0;
  }

  /** Whether any row of the table can be superseded at all. */
  boolean hasAny(TableId table) {
    Map<Key, long[]> ofTable = keys.get(table);
    return (ofTable != null && !ofTable.isEmpty()) || wholeTables.containsKey(table);
  }

  /** Whether a transaction that the read did not see has touched the row. */
  boolean isSuperseded(TableId table, byte[] key, Visibility seen) {
    return hasInvisible(wholeTables.get(table), seen)
        || hasInvisible(keys.getOrDefault(table, Map.of()).get(keyOf(key)), seen);
  }

  private static boolean hasInvisible(long @Nullable [] xids, Visibility seen) {
    if (xids != null) {
      for (long xid : xids) {
        if (!seen.isVisible(xid)) {
          return true;
        }
      }
    }
    return false;
  }
}

package dev.headwater.log.snapshot;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one chunk as the log's bytes, in memory until its window closes.
 *
 * <p>Filled by the thread that reads, then handed over and not changed any more. A row without a
 * value is a key that the source does not have.
 */
public final class ChunkRows {
  /** What the arrays of a row cost beside their contents. */
  private static final int ROW_OVERHEAD_BYTES = 48;

  private byte[][] keys = new byte[1024][];
  private byte[] @Nullable [] values = new byte[1024][];
  private @Nullable String @Nullable [] nulls;
  private int size;
  private long bytes;

  /** Adds a row in arrays that are this chunk's from now on. */
  public void add(byte[] key, byte @Nullable [] value, @Nullable String nullsHeader) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, size * 2);
      values = Arrays.copyOf(values, size * 2);
      if (nulls != null) {
        nulls = Arrays.copyOf(nulls, size * 2);
      }
    }
    keys[size] = key;
    values[size] = value;
    if (nullsHeader != null) {
      if (nulls == null) {
        nulls = new String[keys.length];
      }
      nulls[size] = nullsHeader;
    }
    size++;
    bytes += key.length + (value == null ? 0 : value.length) + ROW_OVERHEAD_BYTES;
  }

  /** How many rows there are. */
  public int size() {
    return size;
  }

  /** How much memory they take, about. */
  public long bytes() {
    return bytes;
  }

  /** The key of one row. */
  public byte[] key(int row) {
    return keys[row];
  }

  /** The value of one row; null for a key that the source does not have. */
  public byte @Nullable [] value(int row) {
    return values[row];
  }

  /** The {@code nulls} header of one row. */
  public @Nullable String nulls(int row) {
    return nulls == null ? null : nulls[row];
  }
}

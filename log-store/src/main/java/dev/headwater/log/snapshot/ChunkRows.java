package dev.headwater.log.snapshot;

import dev.headwater.log.codec.JsonBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one chunk as the log's bytes, in memory until its window closes.
 *
 * <p>Filled by the thread that reads, then handed over and not changed any more. A row without a
 * value is a key that the source does not have.
 *
 * <p>Rows stand one behind the other in a few large blocks: a chunk lives long enough for a
 * collector to move it, and a block is moved at once where two arrays a row would be by the hundred
 * thousand.
 */
public final class ChunkRows {
  private static final int BLOCK_BITS = 18;
  private static final int MOST_BLOCK_BYTES = 1 << BLOCK_BITS;
  private static final int FIRST_BLOCK_BYTES = 4 << 10;

  /** Of a row, before its key: the lengths of its key and its value. */
  private static final int HEAD_BYTES = 2 * Integer.BYTES;

  private static final int NO_VALUE = -1;
  private static final byte[] NO_BLOCK = {};
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final List<byte[]> blocks = new ArrayList<>();

  /** Of each row: the number of its block, and in the lower bits where in it the row begins. */
  private int[] places = new int[256];

  private final Map<Integer, String> nulls = new HashMap<>();
  private byte[] block = NO_BLOCK;
  private int used;
  private int size;
  private long bytes;

  /** Adds a row, of which a copy is kept. */
  public void add(byte[] key, byte @Nullable [] value, @Nullable String nullsHeader) {
    int valueLength = value == null ? NO_VALUE : value.length;
    int at = begin(key.length, valueLength, nullsHeader);
    System.arraycopy(key, 0, block, at, key.length);
    if (value != null) {
      System.arraycopy(value, 0, block, at + key.length, value.length);
    }
  }

  /** Adds a row whose key and value stand in buffers, of which a copy is kept. */
  public void add(JsonBuffer key, JsonBuffer value, @Nullable String nullsHeader) {
    int at = begin(key.size(), value.size(), nullsHeader);
    key.copyTo(block, at);
    value.copyTo(block, at + key.size());
  }

  /** Makes room for a row and returns where in {@link #block} its key begins. */
  private int begin(int keyLength, int valueLength, @Nullable String nullsHeader) {
    int length = Math.addExact(HEAD_BYTES + keyLength, Math.max(0, valueLength));
    if (length > block.length - used) {
      // A row that is larger than a block has one to itself, and begins at its first byte.
      long wanted = Math.min(MOST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, bytes));
      block = new byte[Math.max(length, (int) wanted)];
      blocks.add(block);
      used = 0;
    }
    if (size == places.length) {
      places = Arrays.copyOf(places, size * 2);
    }
    places[size] = ((blocks.size() - 1) << BLOCK_BITS) | used;
    INT.set(block, used, keyLength);
    INT.set(block, used + Integer.BYTES, valueLength);
    if (nullsHeader != null) {
      nulls.put(size, nullsHeader);
    }
    int at = used + HEAD_BYTES;
    used += length;
    size++;
    bytes += length + Integer.BYTES;
    return at;
  }

  /** How many rows there are. */
  public int size() {
    return size;
  }

  /** How much memory they take, about. */
  public long bytes() {
    return bytes;
  }

  /** The key of one row, as a copy. */
  public byte[] key(int row) {
    byte[] in = blockOf(row);
    int begin = beginOf(row) + HEAD_BYTES;
    return Arrays.copyOfRange(in, begin, begin + keyLength(in, row));
  }

  /** The value of one row, as a copy; null for a key that the source does not have. */
  public byte @Nullable [] value(int row) {
    int length = valueLength(row);
    int from = valueFrom(row);
    return length == NO_VALUE ? null : Arrays.copyOfRange(valueArray(row), from, from + length);
  }

  /** The array in which the value of one row stands, which is only to be read. */
  public byte[] valueArray(int row) {
    return blockOf(row);
  }

  /** Where in {@link #valueArray} the value of one row begins. */
  public int valueFrom(int row) {
    return beginOf(row) + HEAD_BYTES + keyLength(blockOf(row), row);
  }

  /** The length of the value of one row; -1 for a key that the source does not have. */
  public int valueLength(int row) {
    return (int) INT.get(blockOf(row), beginOf(row) + Integer.BYTES);
  }

  /** The {@code nulls} header of one row. */
  public @Nullable String nulls(int row) {
    return nulls.isEmpty() ? null : nulls.get(row);
  }

  private byte[] blockOf(int row) {
    return blocks.get(places[row] >>> BLOCK_BITS);
  }

  private int beginOf(int row) {
    return places[row] & (MOST_BLOCK_BYTES - 1);
  }

  private int keyLength(byte[] in, int row) {
    return (int) INT.get(in, beginOf(row));
  }
}

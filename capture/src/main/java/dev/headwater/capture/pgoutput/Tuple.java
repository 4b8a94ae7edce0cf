package dev.headwater.capture.pgoutput;

import java.util.Arrays;

/**
 * One row image inside a message, as slices of the message's bytes.
 *
 * <p>Reused from change to change: valid only while the handler that was given it runs.
 */
public final class Tuple {
  private byte[] bytes = new byte[0];
  private byte[] kinds = new byte[32];
  private int[] starts = new int[32];
  private int[] ends = new int[32];
  private int size;
  private boolean hasUnchangedToast;

  /** How many columns the image lists. */
  public int size() {
    return size;
  }

  /**
   * Whether the column is SQL NULL; in an old image of key columns, also whether it is left out.
   */
  public boolean isNull(int column) {
    return kinds[column] == 'n';
  }

  /** Whether the column is an out-of-line value that did not change and was therefore not sent. */
  public boolean isUnchangedToast(int column) {
    return kinds[column] == 'u';
  }

  /** Whether any column {@link #isUnchangedToast}. */
  public boolean hasUnchangedToast() {
    return hasUnchangedToast;
  }

  /** Whether the column's text is there. */
  public boolean hasText(int column) {
    return kinds[column] == 't';
  }

  /** An image that stays as it is for as long as its message's bytes do. */
  public Tuple copy() {
    Tuple copy = new Tuple();
    copy.bytes = bytes;
    copy.kinds = Arrays.copyOf(kinds, size);
    copy.starts = Arrays.copyOf(starts, size);
    copy.ends = Arrays.copyOf(ends, size);
    copy.size = size;
    copy.hasUnchangedToast = hasUnchangedToast;
    return copy;
  }

  /** The array that {@link #start} and {@link #end} point into. */
  public byte[] bytes() {
    return bytes;
  }

  /** First byte of the column's text, inclusive. */
  public int start(int column) {
    return starts[column];
  }

  /** Behind the last byte of the column's text, exclusive. */
  public int end(int column) {
    return ends[column];
  }

  void reset(byte[] message, int columns) {
    bytes = message;
    size = 0;
    hasUnchangedToast = false;
    if (columns > kinds.length) {
      kinds = new byte[columns];
      starts = new int[columns];
      ends = new int[columns];
    }
  }

  void add(byte kind, int start, int end) {
    kinds[size] = kind;
    hasUnchangedToast |= kind == 'u';
    starts[size] = start;
    ends[size] = end;
    size++;
  }
}

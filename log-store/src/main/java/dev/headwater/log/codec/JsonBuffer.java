package dev.headwater.log.codec;

import static dev.headwater.log.codec.EightBytes.HIGH_BITS;
import static dev.headwater.log.codec.EightBytes.LOW_BITS;

import java.util.Arrays;

/**
 * Bytes of JSON being written, in one array that grows and is used again.
 *
 * <p>Belongs to one thread. It does not know JSON's grammar: whoever writes keeps commas and
 * brackets right; only {@link #writeString} knows what a string needs.
 */
public final class JsonBuffer {
  private static final int FIRST_CAPACITY = 1 << 10;

  /** A buffer that has held a huge row gives the memory back. */
  private static final int KEPT_CAPACITY = 1 << 20;

  private static final int LARGEST_CAPACITY = Integer.MAX_VALUE - 8;

  private static final byte[] HEX = Ascii.bytes("0123456789abcdef");

  private byte[] bytes = new byte[FIRST_CAPACITY];
  private int size;

  /** Empties the buffer. */
  public void reset() {
    size = 0;
  }

  /** Empties the buffer, and gives its memory back if it has much more than most rows need. */
  public void release() {
    size = 0;
    if (bytes.length > KEPT_CAPACITY) {
      bytes = new byte[FIRST_CAPACITY];
    }
  }

  /** How many bytes have been written since {@link #reset()}. */
  public int size() {
    return size;
  }

  /** The byte at a place that has been written. */
  byte at(int index) {
    return bytes[index];
  }

  /** Takes back everything written after the first {@code newSize} bytes. */
  public void truncate(int newSize) {
    if (newSize > size) {
      throw new IllegalArgumentException("Cannot truncate " + size + " bytes to " + newSize);
    }
    size = newSize;
  }

  /** A copy of what has been written. */
  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** A copy of what stands between two places. */
  public byte[] toByteArray(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  /** Copies what has been written into an array that has room for it. */
  public void copyTo(byte[] target, int at) {
    System.arraycopy(bytes, 0, target, at, size);
  }

  /** One byte, as it is. */
  public void write(int value) {
    require(1);
    bytes[size++] = (byte) value;
  }

  /** Bytes as they are. */
  public void write(byte[] source) {
    write(source, 0, source.length);
  }

  /** Bytes as they are. */
  public void write(byte[] source, int from, int to) {
    int length = to - from;
    require(length);
    System.arraycopy(source, from, bytes, size, length);
    size += length;
  }

  /** Bytes of another buffer as they are. */
  void write(JsonBuffer source, int from, int to) {
    write(source.bytes, from, to);
  }

  /** Bytes between quotes, for text of which the caller knows that nothing in it needs escaping. */
  void writeQuoted(byte[] plain, int from, int to) {
    int length = to - from;
    require(length + 2);
    bytes[size] = '"';
    System.arraycopy(plain, from, bytes, size + 1, length);
    bytes[size + 1 + length] = '"';
    size += length + 2;
  }

  /**
   * A JSON string: UTF-8 as it is, escaped only where JSON demands it.
   *
   * @throws IllegalArgumentException if the bytes are not UTF-8, which no JSON string can hold
   */
  public void writeString(byte[] utf8, int from, int to) {
    int at = plainEnd(utf8, from, to);
    if (at == to) {
      writeQuoted(utf8, from, to);
      return;
    }
    write('"');
    int start = from;
    while (at < to) {
      if (utf8[at] < 0) {
        at = Utf8.sequenceEnd(utf8, at, to);
      } else {
        write(utf8, start, at);
        writeEscaped(utf8[at]);
        at++;
        start = at;
      }
      at = plainEnd(utf8, at, to);
    }
    write(utf8, start, to);
    write('"');
  }

  /**
   * Text as it is, which must be UTF-8.
   *
   * @throws IllegalArgumentException if it is not
   */
  void writeUtf8(byte[] utf8, int from, int to) {
    for (int at = asciiEnd(utf8, from, to); at < to; at = asciiEnd(utf8, at, to)) {
      at = Utf8.sequenceEnd(utf8, at, to);
    }
    write(utf8, from, to);
  }

  /** The backing array, valid up to {@link #size()} and until the next write. */
  byte[] array() {
    return bytes;
  }

  /** Makes room for {@code length} more bytes, to be written into {@link #array()} directly. */
  int reserve(int length) {
    require(length);
    return size;
  }

  /** Says that {@code length} bytes have been written into {@link #array()}. */
  void advance(int length) {
    size += length;
  }

  /** Where the first byte stands that is not plain: a control, a quote, a backslash, not ASCII. */
  private static int plainEnd(byte[] text, int from, int to) {
    int at = from;
    for (; at + Long.BYTES <= to; at += Long.BYTES) {
      long special = special(EightBytes.of(text, at));
      if (special != 0) {
        return at + EightBytes.firstOf(special);
      }
    }
    while (at < to) {
      byte b = text[at];
      if (b < ' ' || b == '"' || b == '\\') {
        return at;
      }
      at++;
    }
    return at;
  }

  /** Where the first byte stands that is not ASCII. */
  private static int asciiEnd(byte[] text, int from, int to) {
    int at = from;
    while (at + Long.BYTES <= to && (EightBytes.of(text, at) & HIGH_BITS) == 0) {
      at += Long.BYTES;
    }
    while (at < to && text[at] >= 0) {
      at++;
    }
    return at;
  }

  /** Marks each of eight bytes that is not plain. */
  private static long special(long word) {
    long control = word - LOW_BITS * ' ';
    long quote = (word ^ (LOW_BITS * '"')) - LOW_BITS;
    long backslash = (word ^ (LOW_BITS * '\\')) - LOW_BITS;
    return (control | quote | backslash | word) & HIGH_BITS;
  }

  private void writeEscaped(byte b) {
    write('\\');
    switch (b) {
      case '"', '\\' -> write(b);
      case '\n' -> write('n');
      case '\r' -> write('r');
      case '\t' -> write('t');
      case '\b' -> write('b');
      case '\f' -> write('f');
      default -> {
        write('u');
        write('0');
        write('0');
        write(HEX[b >> 4]);
        write(HEX[b & 0xF]);
      }
    }
  }

  private void require(int length) {
    if (length > bytes.length - size) {
      grow(length);
    }
  }

  private void grow(int length) {
    long needed = (long) size + length;
    if (needed > LARGEST_CAPACITY) {
      throw new IllegalArgumentException("JSON text of more than " + LARGEST_CAPACITY + " bytes");
    }
    // Twice as much of a huge row would be memory that others need.
    long more = bytes.length < KEPT_CAPACITY ? bytes.length : bytes.length / 2;
    long grown = Math.max(needed, bytes.length + more);
    bytes = Arrays.copyOf(bytes, (int) Math.min(grown, LARGEST_CAPACITY));
  }
}

package dev.headwater.sinks.postgres;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes of PostgreSQL text being put together, in one array that grows. Belongs to one thread. */
final class TextBuffer {
  private static final int FIRST_CAPACITY = 1 << 12;

  /** A buffer that has held a huge row gives the memory back. */
  private static final int KEPT_CAPACITY = 1 << 20;

  private static final int LARGEST_CAPACITY = Integer.MAX_VALUE - 8;

  private byte[] bytes = new byte[FIRST_CAPACITY];
  private int size;

  /** Empties the buffer. */
  void reset() {
    size = 0;
  }

  /** Empties the buffer, and gives its memory back if it has much more than most rows need. */
  void release() {
    release(KEPT_CAPACITY);
  }

  /** Empties the buffer, and gives its memory back if it has more than may be kept. */
  void release(int keptCapacity) {
    size = 0;
    if (bytes.length > keptCapacity) {
      bytes = new byte[FIRST_CAPACITY];
    }
  }

  int size() {
    return size;
  }

  /** Takes back everything after the first {@code newSize} bytes. */
  void truncate(int newSize) {
    size = newSize;
  }

  /** The backing array: valid up to {@link #size()} and until the next write. */
  byte[] array() {
    return bytes;
  }

  String string(int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  void write(int value) {
    require(1);
    bytes[size++] = (byte) value;
  }

  void write(byte[] source, int from, int to) {
    int length = to - from;
    require(length);
    System.arraycopy(source, from, bytes, size, length);
    size += length;
  }

  void writeAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      write(text.charAt(i));
    }
  }

  /** One code point in UTF-8. */
  void writeCodePoint(int c) {
    if (c < 0x80) {
      write(c);
    } else if (c < 0x800) {
      write(0xC0 | c >> 6);
      write(0x80 | c & 0x3F);
    } else if (c < 0x10000) {
      write(0xE0 | c >> 12);
      write(0x80 | c >> 6 & 0x3F);
      write(0x80 | c & 0x3F);
    } else {
      write(0xF0 | c >> 18);
      write(0x80 | c >> 12 & 0x3F);
      write(0x80 | c >> 6 & 0x3F);
      write(0x80 | c & 0x3F);
    }
  }

  /** A value as the text format of COPY wants it: tab, line ends and backslash escaped. */
  void writeCopyEscaped(byte[] source, int from, int to) {
    require(to - from);
    int start = from;
    for (int at = from; at < to; at++) {
      byte b = source[at];
      if (b == '\\' || (b <= '\r' && b >= '\t')) {
        write(source, start, at);
        write('\\');
        write(escapeLetter(b));
        start = at + 1;
      }
    }
    write(source, start, to);
  }

  /** The letter COPY reads back as this byte; a backslash stands for itself. */
  private static int escapeLetter(byte b) {
    return switch (b) {
      case '\t' -> 't';
      case '\n' -> 'n';
      case 0x0B -> 'v';
      case '\f' -> 'f';
      case '\r' -> 'r';
      default -> b;
    };
  }

  private void require(int length) {
    if (length > bytes.length - size) {
      long needed = (long) size + length;
      if (needed > LARGEST_CAPACITY) {
        throw new IllegalStateException("A batch of more than " + LARGEST_CAPACITY + " bytes");
      }
      // Twice as much of a huge row would be memory that others need.
      long more = bytes.length < KEPT_CAPACITY ? bytes.length : bytes.length / 2;
      long grown = Math.max(needed, bytes.length + more);
      bytes = Arrays.copyOf(bytes, (int) Math.min(grown, LARGEST_CAPACITY));
    }
  }
}

package dev.headwater.log.append;

import java.util.Arrays;

/**
 * Bytes in Kafka's record format being written, in one array that grows and is used again. Belongs
 * to one thread.
 *
 * <p>Numbers are zigzag varints, as the format's description has them (Kafka, "Message Format").
 */
final class RecordBuffer {
  private static final int LONGEST_VARINT = 10;

  private byte[] bytes;
  private int size;

  RecordBuffer(int capacity) {
    bytes = new byte[capacity];
  }

  void reset() {
    size = 0;
  }

  int size() {
    return size;
  }

  /** What was written stands in its first {@link #size} bytes; valid until the next write. */
  byte[] array() {
    return bytes;
  }

  void write(int value) {
    require(1);
    bytes[size++] = (byte) value;
  }

  void write(byte[] from, int at, int length) {
    require(length);
    System.arraycopy(from, at, bytes, size, length);
    size += length;
  }

  void write(RecordBuffer other) {
    write(other.bytes, 0, other.size);
  }

  void varint(int value) {
    varlong(value);
  }

  void varlong(long value) {
    require(LONGEST_VARINT);
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  private void require(int more) {
    if (more > bytes.length - size) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(size, more)));
    }
  }
}

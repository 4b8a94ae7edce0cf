package dev.headwater.capture;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A run of pgoutput messages in the order they came, each with the LSN the server gave it.
 *
 * <p>Bytes, so that a chunk can travel through any carrier: for each message its length as a 32-bit
 * integer, its LSN as a 64-bit integer, then the message. Immutable once built.
 */
public final class RawChunk {
  /** A chunk is passed on when it has reached this size, or when nothing more is ready. */
  static final int FULL_BYTES = 1 << 20;

  private static final int HEADER_BYTES = Integer.BYTES + Long.BYTES;

  private RawChunk() {}

  /** Told of each message of a chunk, in order. */
  public interface MessageHandler {
    /**
     * Handles one message.
     *
     * @param lsn the LSN the server sent it with; zero for messages without one, such as RELATION
     * @param message positioned at the message's first byte, limited to its last; valid during the
     *     call only
     */
    void message(long lsn, ByteBuffer message);
  }

  /** Passes each message of a chunk to the handler, in order. */
  public static void forEach(ByteBuffer chunk, MessageHandler handler) {
    ByteBuffer bytes = chunk.duplicate();
    int end = bytes.limit();
    while (bytes.position() < end) {
      int length = bytes.getInt();
      long lsn = bytes.getLong();
      int next = bytes.position() + length;
      handler.message(lsn, bytes.limit(next));
      bytes.limit(end).position(next);
    }
  }

  /** Gathers messages; used again for chunk after chunk, by one thread. */
  public static final class Builder {
    private byte[] bytes = new byte[8 << 10];
    private int size;

    /** Adds what remains in the buffer, which is left as it was. */
    public void add(long lsn, ByteBuffer message) {
      int length = message.remaining();
      int needed = Math.addExact(size, HEADER_BYTES + length);
      if (needed > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(needed, Math.min(bytes.length * 2, 64 << 20)));
      }
      ByteBuffer.wrap(bytes, size, HEADER_BYTES).putInt(length).putLong(lsn);
      message.get(message.position(), bytes, size + HEADER_BYTES, length);
      size = needed;
    }

    /** Whether the chunk should be passed on before anything more is added. */
    public boolean isFull() {
      return size >= FULL_BYTES;
    }

    /** The chunk so far; the builder is empty afterwards. */
    public byte[] takeBytes() {
      byte[] chunk = Arrays.copyOf(bytes, size);
      size = 0;
      if (bytes.length > 4 * FULL_BYTES) {
        bytes = new byte[8 << 10];
      }
      return chunk;
    }
  }
}

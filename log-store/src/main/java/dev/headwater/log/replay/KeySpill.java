package dev.headwater.log.replay;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * More entries than memory should hold, in files by the first bits of a hash, so that all entries
 * of one key are in one file and a file at a time can be gone through.
 *
 * <p>The files have no name once they are open, where the system allows it: they are gone with the
 * process, however it ends. Any thread may add; one reads.
 */
public final class KeySpill implements AutoCloseable {
  /** Files; each is gone through in memory, so this divides what has to fit. */
  public static final int BUCKETS = 64;

  private static final int BUFFER_BYTES = 32 << 10;

  private final FailureCode code;
  private final List<Bucket> buckets = new ArrayList<>();

  /** Takes one entry, as it was added. */
  public interface Receiver {
    /** The entry's hash, a number the adder chose, and its bytes, maybe none. */
    void entry(KeyHash hash, long number, byte[] bytes);
  }

  /**
   * @param code what a failure is called where the files cannot be written or read
   */
  public KeySpill(FailureCode code) {
    this.code = code;
    for (int i = 0; i < BUCKETS; i++) {
      buckets.add(new Bucket());
    }
  }

  /** Which file a hash is in. */
  public static int bucketOf(KeyHash hash) {
    return (int) (hash.high() >>> 58);
  }

  /** Adds an entry behind those that are there. */
  public void add(KeyHash hash, long number, byte[] bytes) {
    Bucket bucket = buckets.get(bucketOf(hash));
    synchronized (bucket) {
      try {
        bucket.add(hash, number, bytes);
      } catch (IOException e) {
        throw failure(e);
      }
    }
  }

  /** How many entries one file has by now. */
  public long entries(int index) {
    Bucket bucket = buckets.get(index);
    synchronized (bucket) {
      return bucket.entries;
    }
  }

  /** Hands over one file's entries in the order they were added. */
  public void read(int index, Receiver receiver) {
    Bucket bucket = buckets.get(index);
    synchronized (bucket) {
      try {
        bucket.read(receiver);
      } catch (IOException e) {
        throw failure(e);
      }
    }
  }

  private HeadwaterException failure(IOException e) {
    return new HeadwaterException(
        code,
        "temporary files in " + System.getProperty("java.io.tmpdir") + " – " + e.getMessage(),
        "Make room there, or name another directory by -Djava.io.tmpdir; it is tried again.",
        e);
  }

  @Override
  public void close() {
    for (Bucket bucket : buckets) {
      try {
        bucket.close();
      } catch (IOException e) {
        // A temporary file whose contents nobody wants any more.
        continue;
      }
    }
  }

  private static final class Bucket {
    private static final int HEAD_BYTES = 28;
    private static final int SIZE_AT = 24;

    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

    /** Made once the buffer does not hold all. */
    private @Nullable FileChannel file;

    private long entries;

    void add(KeyHash hash, long number, byte[] bytes) throws IOException {
      entries++;
      if (buffer.remaining() < HEAD_BYTES + bytes.length) {
        flush();
      }
      ByteBuffer into =
          buffer.remaining() < HEAD_BYTES + bytes.length
              ? ByteBuffer.allocate(HEAD_BYTES + bytes.length)
              : buffer;
      into.putLong(hash.high()).putLong(hash.low()).putLong(number).putInt(bytes.length).put(bytes);
      if (into != buffer) {
        write(into);
      }
    }

    private void flush() throws IOException {
      write(buffer);
    }

    private void write(ByteBuffer full) throws IOException {
      FileChannel into = file;
      if (into == null) {
        into = newFile();
        file = into;
      }
      full.flip();
      while (full.hasRemaining()) {
        into.write(full);
      }
      full.clear();
    }

    private static FileChannel newFile() throws IOException {
      Path path = Files.createTempFile("headwater-spill-", ".tmp");
      FileChannel made =
          FileChannel.open(
              path,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      if (!System.getProperty("os.name", "").startsWith("Windows")) {
        Files.deleteIfExists(path);
      }
      return made;
    }

    void read(Receiver receiver) throws IOException {
      FileChannel from = file;
      if (from == null) {
        ByteBuffer all = buffer.duplicate().flip();
        while (all.hasRemaining()) {
          hand(all, receiver);
        }
        return;
      }
      flush();
      long end = from.size();
      ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES * 8).limit(0);
      long at = 0;
      while (true) {
        if (in.remaining() < HEAD_BYTES
            || in.remaining() < HEAD_BYTES + in.getInt(in.position() + SIZE_AT)) {
          in = refill(from, in, at);
          if (in.remaining() < HEAD_BYTES) {
            break;
          }
        }
        int size = in.getInt(in.position() + SIZE_AT);
        if (in.remaining() < HEAD_BYTES + size) {
          in = refill(from, ByteBuffer.allocate(HEAD_BYTES + size).limit(0), at);
        }
        hand(in, receiver);
        at += HEAD_BYTES + size;
      }
      if (at != end) {
        throw new IOException("a spill file ends in the middle of an entry");
      }
    }

    private static void hand(ByteBuffer in, Receiver receiver) {
      KeyHash hash = new KeyHash(in.getLong(), in.getLong());
      long number = in.getLong();
      byte[] bytes = new byte[in.getInt()];
      in.get(bytes);
      receiver.entry(hash, number, bytes);
    }

    private static ByteBuffer refill(FileChannel from, ByteBuffer in, long at) throws IOException {
      in.clear();
      long position = at;
      while (in.hasRemaining()) {
        int read = from.read(in, position);
        if (read < 0) {
          break;
        }
        position += read;
      }
      return in.flip();
    }

    void close() throws IOException {
      if (file != null) {
        file.close();
      }
    }
  }
}

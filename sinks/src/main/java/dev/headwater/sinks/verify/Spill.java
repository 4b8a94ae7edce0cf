package dev.headwater.sinks.verify;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything known of every name, in local files by the names' hash, so that memory holds one file
 * at a time however many rows there are.
 *
 * <p>Entries may be added by several threads at any time, also while the files are gone through:
 * {@link #drain} hands over one file after another, and what comes later of a name that is being
 * <em>watched</em> then goes to its watcher, without a gap between the two. A file that has grown
 * too large is divided by the next bits of the hash.
 */
final class Spill implements AutoCloseable {
  private static final int FAN_OUT = 256;

  /** Into so many a file that is too large is divided, by the next four bits of the hash. */
  private static final int PARTS = 16;

  private static final int DEEPEST = 7;
  private static final int BUFFER_BYTES = 8 << 10;

  /** Takes what is known, on the thread that drains. */
  interface Drain {
    /**
     * Begins a file. Until this returns nothing is added anywhere, so names whose later entries are
     * wanted are {@link Spill#watch watched} in here.
     */
    void file(Entries entries);

    /** Goes on with what the file brought; entries may be added meanwhile. */
    void decide();
  }

  /** A file's entries, in no order. */
  interface Entries {
    void forEach(Consumer<Entry> consumer);
  }

  private final Path directory;
  private final long maxFileBytes;
  private final Leaf[] leaves = new Leaf[FAN_OUT];
  private final Map<ByteBuffer, Consumer<Entry>> watched = new HashMap<>();
  private long bytes;
  private int files;

  /**
   * @param maxFileBytes what is read into memory at once, about
   */
  Spill(long maxFileBytes) {
    this.maxFileBytes = maxFileBytes;
    try {
      this.directory = Files.createTempDirectory("headwater-verify-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Arrays.setAll(leaves, i -> new Leaf());
  }

  private final class Leaf {
    private final Path file = directory.resolve("f" + files++);
    private byte[] buffer = new byte[0];
    private int buffered;
    private long written;
    private boolean isDone;
    private Leaf @Nullable [] children;

    long size() {
      return written + buffered;
    }

    void add(byte[] encoded, int length) throws IOException {
      if (buffered + length > BUFFER_BYTES) {
        flush();
      }
      if (buffer.length < buffered + length) {
        buffer = Arrays.copyOf(buffer, Math.max(BUFFER_BYTES, length));
      }
      System.arraycopy(encoded, 0, buffer, buffered, length);
      buffered += length;
    }

    void flush() throws IOException {
      if (buffered > 0) {
        try (OutputStream out =
            Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
          out.write(buffer, 0, buffered);
        }
        written += buffered;
        bytes += buffered;
        buffered = 0;
      }
    }

    void forEach(Consumer<Entry> consumer) {
      // What is still in the buffer is never written only to be read.
      InputStream rest = new ByteArrayInputStream(buffer, 0, buffered);
      try (InputStream all =
              written == 0 ? rest : new SequenceInputStream(Files.newInputStream(file), rest);
          DataInputStream in = new DataInputStream(new BufferedInputStream(all, 1 << 16))) {
        for (Entry entry = decode(in); entry != null; entry = decode(in)) {
          consumer.accept(entry);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void forget() throws IOException {
      buffer = new byte[0];
      buffered = 0;
      Files.deleteIfExists(file);
    }
  }

  /** Adds an entry: to whoever watches its name, else to its file; else it comes too late. */
  synchronized void add(Entry entry) {
    Consumer<Entry> watcher = watched.get(ByteBuffer.wrap(entry.name()));
    if (watcher != null) {
      watcher.accept(entry);
      return;
    }
    int hash = hash(entry.name());
    try {
      Leaf leaf = leafOf(hash);
      if (!leaf.isDone) {
        int length = encode(entry);
        leaf.add(scratch, length);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Leaf leafOf(int hash) {
    Leaf leaf = leaves[hash >>> 24];
    int depth = 1;
    while (leaf.children != null) {
      leaf = leaf.children[index(hash, depth++)];
    }
    return leaf;
  }

  private static int index(int hash, int depth) {
    return hash >>> (24 - 4 * depth) & PARTS - 1;
  }

  /** Names that differ in a digit differ little in Java's hash; the multiplication spreads them. */
  private static int hash(byte[] name) {
    int hash = Arrays.hashCode(name);
    hash = (hash ^ hash >>> 16) * 0x85EBCA6B;
    return (hash ^ hash >>> 13) * 0xC2B2AE35;
  }

  /** Later entries of a name go to this consumer, which is called under this object's lock. */
  synchronized void watch(byte[] name, Consumer<Entry> later) {
    watched.put(ByteBuffer.wrap(name), later);
  }

  synchronized void unwatch(byte[] name) {
    watched.remove(ByteBuffer.wrap(name));
  }

  /** Hands over each file once; when it returns there is nothing left. */
  void drain(Drain drain) {
    for (Leaf leaf : leaves) {
      drain(leaf, 1, drain);
    }
  }

  private void drain(Leaf leaf, int depth, Drain drain) {
    Leaf[] children;
    synchronized (this) {
      children = divide(leaf, depth);
      if (children == null) {
        drain.file(leaf::forEach);
        leaf.isDone = true;
        try {
          leaf.forget();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    if (children == null) {
      drain.decide();
    } else {
      for (Leaf child : children) {
        drain(child, depth + 1, drain);
      }
    }
  }

  private Leaf @Nullable [] divide(Leaf leaf, int depth) {
    if (leaf.size() <= maxFileBytes || depth == DEEPEST) {
      return null;
    }
    Leaf[] children = new Leaf[PARTS];
    Arrays.setAll(children, i -> new Leaf());
    leaf.forEach(
        entry -> {
          try {
            int length = encode(entry);
            children[index(hash(entry.name()), depth)].add(scratch, length);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    try {
      leaf.forget();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    leaf.children = children;
    return children;
  }

  /** Bytes written to files so far. */
  synchronized long bytes() {
    return bytes;
  }

  private byte[] scratch = new byte[256];
  private int at;

  private int encode(Entry entry) {
    int most = entry.name().length + 40;
    if (scratch.length < most) {
      scratch = new byte[most * 2];
    }
    at = 0;
    putNumber(entry.name().length);
    System.arraycopy(entry.name(), 0, scratch, at, entry.name().length);
    at += entry.name().length;
    putNumber(entry.partition() + 1L);
    if (!entry.isFound()) {
      putNumber(entry.offset());
      putNumber(entry.expiresAtMs());
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
      scratch[at++] = (byte) (entry.hash() >>> shift);
    }
    return at;
  }

  private void putNumber(long value) {
    long rest = value;
    while (rest >= 0x80) {
      scratch[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    scratch[at++] = (byte) rest;
  }

  private static @Nullable Entry decode(DataInputStream in) throws IOException {
    int first = in.read();
    if (first < 0) {
      return null;
    }
    byte[] name = new byte[(int) number(in, first)];
    in.readFully(name);
    int partition = (int) number(in, in.read()) - 1;
    boolean isFound = partition == Entry.FOUND;
    long offset = isFound ? 0 : number(in, in.read());
    long expiresAtMs = isFound ? 0 : number(in, in.read());
    return new Entry(name, partition, offset, in.readLong(), expiresAtMs);
  }

  private static long number(DataInputStream in, int first) throws IOException {
    long value = 0;
    int shift = 0;
    int b = first;
    while (b >= 0x80) {
      value |= (long) (b & 0x7F) << shift;
      shift += 7;
      b = in.read();
    }
    if (b < 0) {
      throw new EOFException("a spill file ends inside an entry");
    }
    return value | (long) b << shift;
  }

  /** Removes every file. */
  @Override
  public synchronized void close() {
    try (var left = Files.list(directory)) {
      for (Path file : (Iterable<Path>) left::iterator) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.headwater.log.append;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one partition that go to the brokers together, in Kafka's record format (magic 2),
 * compressed as they come.
 *
 * <p>Kafka's own producer makes an object for each record, each header and each answer, and writes
 * numbers and names byte by byte through its compressor; by the million, that costs more than
 * reading the rows. Here a record is put together in one array, and its headers are mostly those of
 * the record before ({@link HeaderBytes}). On the appender's thread.
 */
final class RowBatch {
  /** So much goes to the compressor at once. */
  private static final int PART_BYTES = 32 << 10;

  private static final int FIRST_CAPACITY = 1 << 10;

  private final Compression compression;
  private final RecordBuffer pending = new RecordBuffer(FIRST_CAPACITY);
  private final int expectedBytes;
  private @Nullable ByteBufferOutputStream sealed;
  private @Nullable OutputStream compressor;
  private int count;
  private long rawBytes;
  private long firstTimestamp;
  private long latestTimestamp;

  /**
   * @param expectedBytes how much its compressed records will take, about, if it is not a small one
   */
  RowBatch(Compression compression, int expectedBytes) {
    this.compression = compression;
    this.expectedBytes = expectedBytes;
  }

  /**
   * Adds a record.
   *
   * @param in the array in which its value stands
   * @param length of the value; -1 for a tombstone
   * @param timestamp epoch milliseconds
   * @return how many bytes it takes before it is compressed
   */
  int add(byte[] key, byte[] in, int from, int length, long timestamp, HeaderBytes headers) {
    if (count == 0) {
      firstTimestamp = timestamp;
      latestTimestamp = timestamp;
    }
    latestTimestamp = Math.max(latestTimestamp, timestamp);
    long delta = timestamp - firstTimestamp;
    int size =
        1
            + ByteUtils.sizeOfVarlong(delta)
            + ByteUtils.sizeOfVarint(count)
            + ByteUtils.sizeOfVarint(key.length)
            + key.length
            + ByteUtils.sizeOfVarint(length)
            + Math.max(0, length)
            + headers.size();
    pending.varint(size);
    pending.write(0);
    pending.varlong(delta);
    pending.varint(count);
    pending.varint(key.length);
    pending.write(key, 0, key.length);
    pending.varint(length);
    if (length > 0) {
      writeValue(in, from, length);
    }
    headers.writeTo(pending);
    count++;
    int taken = size + ByteUtils.sizeOfVarint(size);
    rawBytes += taken;
    if (pending.size() >= PART_BYTES) {
      compressPending();
    }
    return taken;
  }

  private void writeValue(byte[] in, int from, int length) {
    if (length < PART_BYTES) {
      pending.write(in, from, length);
    } else {
      compressPending();
      compress(in, from, length);
    }
  }

  private void compressPending() {
    compress(pending.array(), 0, pending.size());
    pending.reset();
  }

  private void compress(byte[] bytes, int from, int length) {
    if (compressor == null) {
      open(Math.max(expectedBytes, length / 2));
    }
    try {
      sealed.ensureRemaining(length / 4);
      compressor.write(bytes, from, length);
    } catch (IOException e) {
      throw new UncheckedIOException("in memory", e);
    }
  }

  private void open(int bytes) {
    sealed = new ByteBufferOutputStream(DefaultRecordBatch.RECORD_BATCH_OVERHEAD + bytes);
    sealed.position(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
    compressor = compression.wrapForOutput(sealed, RecordBatch.MAGIC_VALUE_V2);
  }

  /** What the records take before they are compressed. */
  long rawBytes() {
    return rawBytes;
  }

  /** What the records take in compressed form, as far as the compressor has let go of them. */
  int sealedBytes() {
    return sealed == null ? 0 : sealed.position() - DefaultRecordBatch.RECORD_BATCH_OVERHEAD;
  }

  /** Gives back what the compressor holds outside the heap, of a batch that is not sent. */
  void discard() {
    if (compressor != null) {
      Utils.closeQuietly(compressor, "compressor");
    }
  }

  /** The batch as Kafka's producer takes it; nothing can be added after. */
  SealedBatch seal() {
    if (compressor == null) {
      open(pending.size());
    }
    compressPending();
    try {
      compressor.close();
    } catch (IOException e) {
      throw new UncheckedIOException("in memory", e);
    }
    return new SealedBatch(
        sealed.buffer(), compression, count, rawBytes, firstTimestamp, latestTimestamp);
  }
}

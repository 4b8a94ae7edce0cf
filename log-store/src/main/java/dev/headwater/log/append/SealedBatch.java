package dev.headwater.log.append;

import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * A batch whose records stand in it already, in the form in which Kafka's producer keeps one that
 * it fills itself: all that is left to the producer is the batch's header, with the producer's id,
 * epoch and sequence, when it sends it.
 *
 * <p>The producer counts a batch's records while it appends them. {@link #append} stands for one
 * that is there, and there is room for just as many. Written by the appender's thread; after that
 * it belongs to the producer's.
 */
final class SealedBatch extends MemoryRecordsBuilder {
  private static final long FIRST_OFFSET = 0;

  private final ByteBuffer buffer;
  private final int length;
  private final Compression compression;
  private final int count;
  private final long rawBytes;
  private final long firstTimestamp;
  private final long latestTimestamp;

  private int counted;
  private long producerId = RecordBatch.NO_PRODUCER_ID;
  private short producerEpoch = RecordBatch.NO_PRODUCER_EPOCH;
  private int baseSequence = RecordBatch.NO_SEQUENCE;
  private boolean isTransactional;
  private boolean isAborted;
  private MemoryRecords records;

  /**
   * @param buffer room for a batch's header, then the compressed records up to its position
   */
  SealedBatch(
      ByteBuffer buffer,
      Compression compression,
      int count,
      long rawBytes,
      long firstTimestamp,
      long latestTimestamp) {
    super(
        new ByteBufferOutputStream(DefaultRecordBatch.RECORD_BATCH_OVERHEAD),
        RecordBatch.MAGIC_VALUE_V2,
        Compression.NONE,
        TimestampType.CREATE_TIME,
        FIRST_OFFSET,
        RecordBatch.NO_TIMESTAMP,
        RecordBatch.NO_PRODUCER_ID,
        RecordBatch.NO_PRODUCER_EPOCH,
        RecordBatch.NO_SEQUENCE,
        false,
        false,
        RecordBatch.NO_PARTITION_LEADER_EPOCH,
        DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
    this.buffer = buffer;
    this.length = buffer.position();
    this.compression = compression;
    this.count = count;
    this.rawBytes = rawBytes;
    this.firstTimestamp = firstTimestamp;
    this.latestTimestamp = latestTimestamp;
  }

  long latestTimestamp() {
    return latestTimestamp;
  }

  @Override
  public boolean hasRoomFor(long timestamp, byte[] key, byte[] value, Header[] headers) {
    return counted < count;
  }

  @Override
  public void append(long timestamp, byte[] key, byte[] value, Header[] headers) {
    counted++;
  }

  @Override
  public boolean isFull() {
    return true;
  }

  @Override
  public int numRecords() {
    return count;
  }

  @Override
  public Compression compression() {
    return compression;
  }

  @Override
  public double compressionRatio() {
    return (double) (length - DefaultRecordBatch.RECORD_BATCH_OVERHEAD) / rawBytes;
  }

  @Override
  public int estimatedSizeInBytes() {
    return length;
  }

  @Override
  public ByteBuffer buffer() {
    return buffer;
  }

  /** How much memory it takes. */
  @Override
  public int initialCapacity() {
    return buffer.capacity();
  }

  @Override
  public void setProducerState(long id, short epoch, int sequence, boolean transactional) {
    if (isClosed()) {
      // A batch that was sent may be in the log: under another sequence it would be there twice.
      throw new IllegalStateException("a batch that was closed is given another sequence");
    }
    producerId = id;
    producerEpoch = epoch;
    baseSequence = sequence;
    isTransactional = transactional;
  }

  @Override
  public void reopenAndRewriteProducerState(
      long id, short epoch, int sequence, boolean transactional) {
    requireNotAborted();
    records = null;
    setProducerState(id, epoch, sequence, transactional);
  }

  @Override
  public long producerId() {
    return producerId;
  }

  @Override
  public short producerEpoch() {
    return producerEpoch;
  }

  @Override
  public int baseSequence() {
    return baseSequence;
  }

  @Override
  public boolean isTransactional() {
    return isTransactional;
  }

  @Override
  public boolean isClosed() {
    return records != null;
  }

  /** Writes the header, with the checksum over all. */
  @Override
  public void close() {
    requireNotAborted();
    if (records != null) {
      return;
    }
    ByteBuffer batch = buffer.duplicate();
    batch.flip();
    DefaultRecordBatch.writeHeader(
        batch,
        FIRST_OFFSET,
        count - 1,
        length,
        RecordBatch.MAGIC_VALUE_V2,
        compression.type(),
        TimestampType.CREATE_TIME,
        firstTimestamp,
        latestTimestamp,
        producerId,
        producerEpoch,
        baseSequence,
        isTransactional,
        false,
        false,
        RecordBatch.NO_PARTITION_LEADER_EPOCH,
        count);
    batch.rewind();
    records = MemoryRecords.readableRecords(batch);
  }

  @Override
  public MemoryRecords build() {
    close();
    return records;
  }

  @Override
  public void abort() {
    isAborted = true;
  }

  private void requireNotAborted() {
    if (isAborted) {
      throw new IllegalStateException("the batch was aborted");
    }
  }
}

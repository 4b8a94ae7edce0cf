package dev.headwater.log.append;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.record.internal.DefaultRecord;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * The batches of rows that an appender has open, one for a partition, and the memory that they and
 * those on their way to the brokers take.
 *
 * <p>A batch is handed over when it is as large as {@code batch.size}, and all are before a commit.
 * What is on its way is bounded by {@code buffer.memory}; beyond it an appender waits, for {@code
 * max.block.ms} at most. On the appender's thread; answers come on the producer's.
 */
final class RowBatches {
  /** A batch of rows that compress well ends here: readers must have room for it whole. */
  private static final int MOST_RAW_PER_COMPRESSED = 4;

  /** So much in open batches, of however many partitions, and all are handed over. */
  private static final long MOST_OPEN_BYTES = 16L << 20;

  private static final int LARGE_ROW_BYTES = 1 << 20;
  private static final int FIRST_EXPECTED_BYTES = 16 << 10;

  private final KafkaProducer<?, ?> producer;
  private final ProducerQueue queue;
  private final Function<String, Callback> callbacks;
  private final HeaderBytes headers = new HeaderBytes();
  private final long batchBytes;
  private final long memory;
  private final long maxBlockMillis;
  private final int maxRequestBytes;
  private final Map<String, Topic> topics = new HashMap<>();
  private final List<Topic> open = new ArrayList<>();
  private final Object underWay = new Object();
  private long underWayBytes;
  private long openBytes;
  private @Nullable Topic latest;

  /** A topic with rows in this transaction. */
  private static final class Topic {
    private final String name;
    private boolean isOpen;
    private @Nullable RowBatch[] batches = {};
    private int expectedBytes = FIRST_EXPECTED_BYTES;

    Topic(String name) {
      this.name = name;
    }
  }

  /**
   * @param callbacks of each topic, called with the outcome of a batch
   */
  RowBatches(KafkaProducer<?, ?> producer, Function<String, Callback> callbacks) {
    this.producer = producer;
    this.queue = new ProducerQueue(producer);
    this.callbacks = callbacks;
    ProducerConfig config = queue.config();
    this.batchBytes = config.getInt(ProducerConfig.BATCH_SIZE_CONFIG);
    this.memory = config.getLong(ProducerConfig.BUFFER_MEMORY_CONFIG);
    this.maxBlockMillis = config.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG);
    this.maxRequestBytes = config.getInt(ProducerConfig.MAX_REQUEST_SIZE_CONFIG);
  }

  /**
   * Adds a row to the batch of its key's partition, in an open transaction.
   *
   * @param row all but its value
   * @param in the array in which its value stands
   * @param length of the value; -1 for a tombstone
   * @throws RuntimeException Kafka's, as {@link KafkaProducer#send} throws or reports them
   */
  void add(String name, long seq, RowRecord row, byte[] in, int from, int length) {
    Topic topic = open(name);
    headers.of(seq, row);
    long bytes = row.key().length + (long) Math.max(0, length);
    requireFits(bytes);
    int partition = partitionOf(row.key(), topic.batches.length);
    if (bytes > LARGE_ROW_BYTES) {
      seal(topic, partition);
    }
    RowBatch batch = topic.batches[partition];
    if (batch == null) {
      batch = new RowBatch(queue.compression(), topic.expectedBytes);
      topic.batches[partition] = batch;
    }
    long timestamp = row.tsMs() > 0 ? row.tsMs() : System.currentTimeMillis();
    openBytes += batch.add(row.key(), in, from, length, timestamp, headers);
    if (batch.sealedBytes() >= batchBytes
        || batch.rawBytes() >= MOST_RAW_PER_COMPRESSED * batchBytes) {
      seal(topic, partition);
    } else if (openBytes > MOST_OPEN_BYTES) {
      sealAll();
    }
  }

  private Topic open(String name) {
    Topic topic = latest;
    if (topic == null || !topic.name.equals(name)) {
      topic = topics.computeIfAbsent(name, Topic::new);
      latest = topic;
    }
    if (!topic.isOpen) {
      // Asked once for each transaction, which also keeps the producer from forgetting the topic.
      int partitions = producer.partitionsFor(name).size();
      if (topic.batches.length != partitions) {
        topic.batches = new RowBatch[partitions];
      }
      topic.isOpen = true;
      open.add(topic);
    }
    return topic;
  }

  private static int partitionOf(byte[] key, int partitions) {
    return partitions == 1 ? 0 : BuiltInPartitioner.partitionForKey(key, partitions);
  }

  private void requireFits(long bytes) {
    long record =
        bytes
            + headers.size()
            + DefaultRecordBatch.RECORD_BATCH_OVERHEAD
            + DefaultRecord.MAX_RECORD_OVERHEAD;
    if (record > maxRequestBytes) {
      throw new RecordTooLargeException(
          "it takes %d bytes, max.request.size is %d".formatted(record, maxRequestBytes));
    }
  }

  /** Hands over all that is open. */
  void sealAll() {
    for (Topic topic : open) {
      for (int partition = 0; partition < topic.batches.length; partition++) {
        seal(topic, partition);
      }
      topic.isOpen = false;
    }
    open.clear();
  }

  /** Lets go of all that is open; nothing can be added after. */
  void discard() {
    for (Topic topic : open) {
      for (RowBatch batch : topic.batches) {
        if (batch != null) {
          batch.discard();
        }
      }
    }
    open.clear();
  }

  private void seal(Topic topic, int partition) {
    RowBatch batch = topic.batches[partition];
    if (batch == null) {
      return;
    }
    topic.batches[partition] = null;
    openBytes -= batch.rawBytes();
    SealedBatch sealed = batch.seal();
    topic.expectedBytes =
        (int) Math.max(FIRST_EXPECTED_BYTES, Math.min(batchBytes, sealed.estimatedSizeInBytes()));
    int bytes = sealed.initialCapacity();
    awaitMemory(bytes);
    Callback callback = callbacks.apply(topic.name);
    queue.put(
        new TopicPartition(topic.name, partition),
        sealed,
        (metadata, error) -> {
          arrived(bytes);
          callback.onCompletion(metadata, error);
        });
  }

  /** One batch may always be under way, whatever its size. */
  private void awaitMemory(int bytes) {
    long end = System.nanoTime() + maxBlockMillis * 1_000_000;
    synchronized (underWay) {
      while (underWayBytes > 0 && underWayBytes + bytes > memory) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new BufferExhaustedException(
              "the brokers have not taken %d bytes within %d ms (max.block.ms)"
                  .formatted(underWayBytes, maxBlockMillis));
        }
        try {
          underWay.wait(left);
        } catch (InterruptedException e) {
          throw new InterruptException(e);
        }
      }
      underWayBytes += bytes;
    }
  }

  private void arrived(int bytes) {
    synchronized (underWay) {
      underWayBytes -= bytes;
      underWay.notifyAll();
    }
  }
}

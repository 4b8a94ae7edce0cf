package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads single records of which it is known where they stand.
 *
 * <p>Offsets that lie close together are read in one go, others are jumped to. One thread.
 */
public final class RecordLookup implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Reading over so many records is quicker than asking anew. */
  private static final int NEAR = 2_000;

  private final LogConnection log;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private RecordLookup(LogConnection log, KafkaConsumer<byte[], byte[]> consumer) {
    this.log = log;
    this.consumer = consumer;
  }

  /** Connects when it is first asked for records. */
  public static RecordLookup open(LogConnection log) {
    return new RecordLookup(
        log,
        Consumers.open(
            log,
            // What is fetched behind a record is mostly thrown away.
            Map.of(
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
                256 << 10,
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                NEAR)));
  }

  /**
   * The records at the given offsets of one partition, by offset. One that compaction has removed,
   * because a later record of its key is there, is left out.
   *
   * @throws HeadwaterException {@link FailureCode#LOG_UNREACHABLE} if the log does not bring them
   *     in half a minute
   */
  public Map<Long, LogRecord> read(LogPartition partition, Iterable<Long> offsets) {
    NavigableSet<Long> wanted = new TreeSet<>();
    offsets.forEach(wanted::add);
    Map<Long, LogRecord> found = new HashMap<>();
    if (wanted.isEmpty()) {
      return found;
    }
    TopicPartition kafka = new TopicPartition(partition.topic(), partition.partition());
    long deadline = System.nanoTime() + LIMIT.toNanos();
    try {
      consumer.assign(List.of(kafka));
      consumer.seek(kafka, wanted.first());
      while (!wanted.isEmpty()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (wanted.remove(record.offset())) {
            found.put(record.offset(), new LogRecord(record));
            deadline = System.nanoTime() + LIMIT.toNanos();
          }
        }
        long position = consumer.position(kafka, LIMIT);
        wanted.headSet(position).clear();
        if (!wanted.isEmpty() && wanted.first() - position > NEAR) {
          consumer.seek(kafka, wanted.first());
        }
        if (System.nanoTime() > deadline) {
          throw new HeadwaterException(
              FailureCode.LOG_UNREACHABLE,
              "topic '%s' – its record at offset %d did not come in %d s"
                  .formatted(partition.topic(), wanted.first(), LIMIT.toSeconds()),
              "Look at the brokers, and try again.");
        }
      }
    } catch (KafkaException e) {
      throw LogFailures.translate("reading " + partition, log.address(), e);
    }
    return found;
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}

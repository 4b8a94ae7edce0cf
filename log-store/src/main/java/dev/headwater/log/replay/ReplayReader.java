package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads given partitions from given offsets, without a group, and knows when it has caught up with
 * the log as it was when it was opened.
 *
 * <p>Reads what is committed, in offset order per partition. One thread.
 */
public final class ReplayReader implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final LogConnection log;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<TopicPartition, LogPartition> partitions = new HashMap<>();
  private final Map<TopicPartition, Long> ends = new HashMap<>();

  private ReplayReader(LogConnection log, Collection<LogPartition> wanted) {
    this.log = log;
    this.consumer = Consumers.open(log, Map.of());
    wanted.forEach(p -> partitions.put(new TopicPartition(p.topic(), p.partition()), p));
  }

  /**
   * Opens a reader, and takes down where each partition ends now for readers of what is committed:
   * an open transaction is not waited for, and a commit that was answered a moment ago may not be
   * marked as one yet (Kafka writes the marks after it answers).
   *
   * @param startOffsetsInclusive where to start; partitions that are not in it start at their first
   *     record
   * @throws HeadwaterException {@link FailureCode#CHECKPOINT_STALE} if a topic is not the one that
   *     its partition names any more
   */
  public static ReplayReader open(
      LogConnection log,
      Collection<LogPartition> partitions,
      Map<LogPartition, Long> startOffsetsInclusive) {
    LogPartitions.requireSameTopics(log, partitions);
    ReplayReader reader = new ReplayReader(log, partitions);
    try {
      reader.start(startOffsetsInclusive);
      return reader;
    } catch (RuntimeException e) {
      reader.close();
      throw LogFailures.translate("opening a replay", log.address(), e);
    }
  }

  private void start(Map<LogPartition, Long> startOffsetsInclusive) {
    consumer.assign(partitions.keySet());
    ends.putAll(consumer.endOffsets(partitions.keySet(), LIMIT));
    partitions.forEach(
        (kafka, ours) -> {
          Long start = startOffsetsInclusive.get(ours);
          if (start == null) {
            consumer.seekToBeginning(List.of(kafka));
          } else {
            consumer.seek(kafka, start);
          }
        });
  }

  /** What is there next, partition by partition; empty when nothing came in time. */
  public List<PartitionBatch> poll(Duration timeout) {
    try {
      return Consumers.batches(consumer, timeout, partitions);
    } catch (KafkaException e) {
      throw LogFailures.translate("reading", log.address(), e);
    }
  }

  /**
   * Whether every partition stands at or past the end it had when this reader was opened. Told by
   * position, not by record: the last records may be markers or aborted rows, which nobody sees.
   */
  public boolean isCaughtUp() {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (position(end.getKey()) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  /** Where each partition ended when this reader was opened, exclusive. */
  public Map<LogPartition, Long> endOffsets() {
    Map<LogPartition, Long> offsets = new HashMap<>();
    ends.forEach((kafka, end) -> offsets.put(partitions.get(kafka), end));
    return offsets;
  }

  /** Where each partition is read next. */
  public Map<LogPartition, Long> positions() {
    Map<LogPartition, Long> offsets = new HashMap<>();
    partitions.forEach((kafka, ours) -> offsets.put(ours, position(kafka)));
    return offsets;
  }

  private long position(TopicPartition partition) {
    try {
      return consumer.position(partition, LIMIT);
    } catch (KafkaException e) {
      throw LogFailures.translate("reading", log.address(), e);
    }
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(5)));
  }
}

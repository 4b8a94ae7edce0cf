package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** How every reader of tables sets its Kafka consumer up, and turns what it brings into batches. */
final class Consumers {
  private Consumers() {}

  static KafkaConsumer<byte[], byte[]> open(LogConnection log, Map<String, Object> own) {
    Map<String, Object> p = log.clientProperties();
    p.putIfAbsent(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 32 << 20);
    p.putIfAbsent(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 << 20);
    p.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
    p.putIfAbsent(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
    p.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    // Offsets that are gone mean records that were missed: never to be skipped silently.
    p.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    p.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    p.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    p.putAll(own);
    try {
      return new Budgeted(p, new PollBudget());
    } catch (KafkaException e) {
      throw LogFailures.translate("opening a reader", log.address(), e);
    }
  }

  /** A consumer of which no poll brings more than fits into memory. */
  private static final class Budgeted extends KafkaConsumer<byte[], byte[]> {
    private final PollBudget budget;

    Budgeted(Map<String, Object> properties, PollBudget budget) {
      super(properties, new ByteArrayDeserializer(), budget);
      this.budget = budget;
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      budget.renew();
      return super.poll(timeout);
    }
  }

  static List<PartitionBatch> batches(
      KafkaConsumer<byte[], byte[]> consumer,
      Duration timeout,
      Map<TopicPartition, LogPartition> partitions) {
    ConsumerRecords<byte[], byte[]> polled = consumer.poll(timeout);
    List<PartitionBatch> batches = new ArrayList<>();
    for (Map.Entry<TopicPartition, OffsetAndMetadata> next : polled.nextOffsets().entrySet()) {
      LogPartition partition = partitions.get(next.getKey());
      if (partition == null) {
        continue;
      }
      List<ConsumerRecord<byte[], byte[]>> records = polled.records(next.getKey());
      List<LogRecord> wrapped = new ArrayList<>(records.size());
      for (ConsumerRecord<byte[], byte[]> record : records) {
        wrapped.add(new LogRecord(record));
      }
      batches.add(new PartitionBatch(partition, wrapped, next.getValue().offset()));
    }
    return batches;
  }
}

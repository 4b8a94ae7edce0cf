package dev.headwater.cli.load;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What a plain {@code read_committed} consumer makes of a topic: the last value of each key. */
final class FoldedLog {
  final Map<String, String> rows = new TreeMap<>();

  /** What a load wrote last of each key, and what the stream did. */
  final Map<String, String> read = new TreeMap<>();

  final Map<String, String> streamed = new TreeMap<>();
  final Map<String, Integer> readsByKey = new HashMap<>();
  final Map<String, Integer> records = new TreeMap<>();
  final List<String> problems = new ArrayList<>();

  /** The versions of the table's definition that records name. */
  final Set<String> schemas = new TreeSet<>();

  private final Map<String, Long> lastSeq = new HashMap<>();

  static FoldedLog of(String brokers, String topic) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("isolation.level", "read_committed");
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    FoldedLog log = new FoldedLog();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p);
        Admin admin = Admin.create(p)) {
      List<TopicPartition> partitions = new ArrayList<>();
      consumer
          .partitionsFor(topic)
          .forEach(i -> partitions.add(new TopicPartition(topic, i.partition())));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      for (TopicPartition partition : partitions) {
        long end =
            admin
                .listOffsets(
                    Map.of(partition, OffsetSpec.latest()),
                    new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                .partitionResult(partition)
                .get()
                .offset();
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (consumer.position(partition) < end && System.nanoTime() < deadline) {
          consumer.poll(Duration.ofMillis(100)).forEach(log::add);
        }
      }
    }
    return log;
  }

  private void add(ConsumerRecord<byte[], byte[]> record) {
    String key = text(record.key());
    String op = text(record.headers().lastHeader("op").value());
    long seq = Long.parseLong(text(record.headers().lastHeader("seq").value()));
    Long before = lastSeq.put(key, seq);
    if (before != null && before >= seq) {
      problems.add(key + ": seq " + seq + " after " + before);
    }
    records.merge(op, 1, Integer::sum);
    schemas.add(text(record.headers().lastHeader("schema").value()));
    if (op.equals("r")) {
      readsByKey.merge(key, 1, Integer::sum);
    }
    if (record.value() != null) {
      (op.equals("r") ? read : streamed).put(key, text(record.value()) + " nulls " + nulls(record));
    }
    if (record.value() == null) {
      rows.remove(key);
    } else {
      rows.put(key, text(record.value()));
    }
  }

  private static String nulls(ConsumerRecord<byte[], byte[]> record) {
    Header header = record.headers().lastHeader("nulls");
    return header == null ? "none" : text(header.value());
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}

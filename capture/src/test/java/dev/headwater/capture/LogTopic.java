package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What a plain {@code read_committed} consumer finds in a topic: an oracle with no code of ours.
 */
record LogTopic(String brokers, String topic) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** One record. */
  record Entry(long seq, String op, String key, @Nullable String value, int schema) {
    String short80() {
      return op
          + " "
          + key
          + " "
          + (value == null ? "-" : value.substring(0, Math.min(80, value.length())));
    }
  }

  /** All records as they stand now, in the order of their sequence numbers. */
  List<Entry> records() {
    List<Entry> found = new ArrayList<>();
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("isolation.level", "read_committed");
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    p.put("max.partition.fetch.bytes", 8 << 20);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(i -> new TopicPartition(topic, i.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(t -> consumer.position(t) < ends.get(t))) {
        consumer.poll(Duration.ofMillis(100)).forEach(r -> found.add(entry(r)));
      }
    }
    found.sort(Comparator.comparingLong(Entry::seq));
    return found;
  }

  /** The last value of each key that is there, as compaction leaves it. */
  Map<String, JsonNode> rows() throws JsonProcessingException {
    Map<String, JsonNode> rows = new TreeMap<>();
    for (Entry entry : records()) {
      if (entry.value() == null) {
        rows.remove(entry.key());
      } else {
        rows.put(entry.key(), JSON.readTree(entry.value()));
      }
    }
    return rows;
  }

  private static Entry entry(ConsumerRecord<byte[], byte[]> record) {
    return new Entry(
        Long.parseLong(header(record, "seq")),
        header(record, "op"),
        new String(record.key(), UTF_8),
        record.value() == null ? null : new String(record.value(), UTF_8),
        Integer.parseInt(header(record, "schema")));
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "0" : new String(header.value(), UTF_8);
  }
}

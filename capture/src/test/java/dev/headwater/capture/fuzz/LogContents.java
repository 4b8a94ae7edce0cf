package dev.headwater.capture.fuzz;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What a plain {@code read_committed} consumer finds in the log: an oracle with no code of ours.
 */
final class LogContents {
  private static final Pattern ID = Pattern.compile("\"id\":(-?\\d+)");
  private static final Pattern V = Pattern.compile("\"v\":\"([^\"]*)\"");
  private static final Pattern BIG = Pattern.compile("\"big\":\"([^\"]*)\"");
  private static final Pattern N = Pattern.compile("\"n\":(-?\\d+)");

  private final Map<String, List<String>> changes = new HashMap<>();
  private final TreeMap<Long, String> sequence = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();
  private final TreeMap<String, String> large = new TreeMap<>();
  private final Map<String, Long> lastSeqByKey = new HashMap<>();
  private int records;

  /** Reads until as many records are there as were committed, and then for what is too much. */
  static LogContents awaitRecords(String brokers, int expected) {
    LogContents log = new LogContents();
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("isolation.level", "read_committed");
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic :
          List.of(
              "fuzz.public.t_a", "fuzz.public.t_b", "fuzz.public.t_big", "fuzz.public.t_gone")) {
        consumer
            .partitionsFor(topic)
            .forEach(i -> partitions.add(new TopicPartition(topic, i.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long quietSince = System.nanoTime();
      long deadline = quietSince + Duration.ofMinutes(3).toNanos();
      while (System.nanoTime() < deadline) {
        int before = log.records;
        consumer.poll(Duration.ofMillis(200)).forEach(log::add);
        if (log.records != before) {
          quietSince = System.nanoTime();
        }
        long quiet = System.nanoTime() - quietSince;
        if (quiet > Duration.ofSeconds(log.records >= expected ? 3 : 30).toNanos()) {
          break;
        }
      }
    }
    return log;
  }

  private void add(ConsumerRecord<byte[], byte[]> record) {
    records++;
    String table = record.topic().substring(record.topic().lastIndexOf('.') + 1);
    String key = table + "/" + find(ID, text(record.key()));
    String op = text(record.headers().lastHeader("op").value());
    long seq = Long.parseLong(text(record.headers().lastHeader("seq").value()));
    String value = record.value() == null ? "" : text(record.value());
    boolean gone = op.equals("d") || op.equals("t");
    if (gone != (record.value() == null)) {
      problems.add(key + ": operation " + op + " with value '" + value + "'");
    }
    if (table.equals("t_big")) {
      large.put(key, find(BIG, value));
    }
    changes
        .computeIfAbsent(key, k -> new ArrayList<>())
        .add(gone ? op : op + " " + find(V, value) + " " + find(N, value));
    String twin = sequence.put(seq, key);
    if (twin != null) {
      problems.add("seq " + seq + " stands at " + twin + " and at " + key);
    }
    Long earlier = lastSeqByKey.put(key, seq);
    if (earlier != null && earlier >= seq) {
      problems.add(key + ": seq " + seq + " after " + earlier);
    }
  }

  /** The last large value of each row that has one. */
  Map<String, String> largeValues() {
    return large;
  }

  int records() {
    return records;
  }

  Map<String, List<String>> changesByKey() {
    return changes;
  }

  /**
   * Sequence numbers that are missing, doubled or out of order, and what else is not as it must be.
   */
  List<String> sequenceGaps() {
    List<String> found = new ArrayList<>(problems);
    long next = 1;
    for (long seq : sequence.keySet()) {
      if (seq != next && found.size() < 20) {
        found.add("seq " + next + " to " + (seq - 1) + " missing");
      }
      next = seq + 1;
    }
    return found;
  }

  /** The last state of each key that is there. */
  Map<String, String> rows() {
    Map<String, String> rows = new HashMap<>();
    Set<String> keys = new HashSet<>(changes.keySet());
    for (String key : keys) {
      List<String> all = changes.get(key);
      String last = all.get(all.size() - 1);
      if (last.length() > 1) {
        rows.put(key, last.substring(2));
      }
    }
    return rows;
  }

  private static String find(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(1) : "?";
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}

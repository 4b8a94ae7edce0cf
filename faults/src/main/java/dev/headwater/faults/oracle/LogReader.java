package dev.headwater.faults.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.faults.workload.Tables;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads every table's topic from its first record with a plain {@code read_committed} consumer, as
 * the records come, on a thread of its own, and hands each to the {@link LogOracle}. So what
 * compaction takes away later was seen.
 */
public final class LogReader implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "shop.public.";

  private final LogOracle oracle;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Thread thread;
  private final Set<String> tables = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;
  private volatile String failure = "";
  private Map<TopicPartition, Long> positions = new HashMap<>();
  private Map<TopicPartition, Long> ends = new HashMap<>();
  private long lastArrivalNanos = System.nanoTime();
  private long longestSilenceNanos;

  /**
   * @param brokers addresses past the proxies
   */
  public LogReader(String brokers, LogOracle oracle) {
    this.oracle = oracle;
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("isolation.level", "read_committed");
    p.put("auto.offset.reset", "earliest");
    p.put("enable.auto.commit", "false");
    p.put("max.poll.records", "5000");
    p.put("default.api.timeout.ms", "5000");
    p.put("request.timeout.ms", "4000");
    p.put("reconnect.backoff.max.ms", "300");
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    this.consumer = new KafkaConsumer<>(p);
    this.thread = new Thread(this::read, "log-reader");
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  private void read() {
    while (!closed) {
      try {
        if (tables.size() < Tables.ALL.size()) {
          lookForTables();
        }
        if (tables.isEmpty()) {
          Thread.sleep(100);
          continue;
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          accept(record);
        }
        lookAtEnd();
        failure = "";
      } catch (KafkaException away) {
        // Brokers are killed and frozen here all the time; the next turn asks again.
        failure = away.toString();
      } catch (IOException | RuntimeException | InterruptedException e) {
        failure = "the log cannot be read: " + e;
        return;
      }
    }
    consumer.close();
  }

  /** A table's topic appears with its first record. */
  private void lookForTables() {
    Map<String, List<PartitionInfo>> topics = consumer.listTopics();
    List<TopicPartition> all = new ArrayList<>(consumer.assignment());
    List<TopicPartition> fresh = new ArrayList<>();
    for (String table : Tables.ALL) {
      List<PartitionInfo> partitions = topics.get(PREFIX + table);
      if (partitions != null && !tables.contains(table)) {
        partitions.forEach(p -> fresh.add(new TopicPartition(p.topic(), p.partition())));
        tables.add(table);
      }
    }
    if (!fresh.isEmpty()) {
      all.addAll(fresh);
      consumer.assign(all);
      consumer.seekToBeginning(fresh);
    }
  }

  private void accept(ConsumerRecord<byte[], byte[]> record) throws IOException {
    String table = record.topic().substring(PREFIX.length());
    JsonNode row = record.value() == null ? null : JSON.readTree(record.value());
    LogEntry entry =
        new LogEntry(
            table,
            JSON.readTree(record.key()).path("id").asLong(),
            header(record, "op").charAt(0),
            Long.parseLong(header(record, "seq")),
            Long.parseLong(header(record, "txid")),
            row == null ? 0 : row.path("ver").asLong(),
            row == null ? 0 : row.path("changes").asInt(),
            row == null ? null : Rows.of(row));
    synchronized (oracle) {
      oracle.accept(entry);
      long now = System.nanoTime();
      longestSilenceNanos = Math.max(longestSilenceNanos, now - lastArrivalNanos);
      lastArrivalNanos = now;
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  private void lookAtEnd() {
    Set<TopicPartition> partitions = consumer.assignment();
    Map<TopicPartition, Long> now = new HashMap<>();
    partitions.forEach(p -> now.put(p, consumer.position(p)));
    Map<TopicPartition, Long> endsNow = consumer.endOffsets(partitions);
    synchronized (oracle) {
      positions = now;
      ends = endsNow;
    }
  }

  /** Whether the version of every marker has been read, and everything before the log's end. */
  public boolean isLevel(long mark) {
    synchronized (oracle) {
      if (tables.size() < Tables.ALL.size() || !positions.equals(ends)) {
        return false;
      }
      return Tables.markers().allMatch(id -> oracle.marker(id) == mark);
    }
  }

  /** Whether the first load has been read, all of it. */
  public boolean hasLoad() {
    synchronized (oracle) {
      return oracle.records() >= Tables.FIRST_ROWS;
    }
  }

  /** The longest time without a record since the last call. */
  public Duration takeLongestSilence() {
    synchronized (oracle) {
      Duration longest = Duration.ofNanos(longestSilenceNanos);
      longestSilenceNanos = 0;
      lastArrivalNanos = System.nanoTime();
      return longest;
    }
  }

  /** Why it reads no more; empty while all is well. */
  public String failure() {
    return failure;
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    thread.join(10_000);
  }
}

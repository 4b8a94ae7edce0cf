package dev.headwater.log;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicInfo;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** What the tests of the log write and read; every table and connector has a name of its own. */
public final class TestLog {
  public static final SourceIdentity SOURCE =
      new SourceIdentity("7312345678901234567", 1, "shop", "headwater_shop", "headwater_shop");

  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final String RUN = Uuid.randomUuid().toString().replaceAll("[^a-zA-Z0-9]", "");

  private TestLog() {}

  /** The broker that all tests share. */
  public static LogConnection shared() {
    return LogConnection.open(shared(Map.of()));
  }

  public static LogConfig shared(Map<String, Secret> properties) {
    return at(SharedServices.kafka().bootstrapServers(), properties);
  }

  public static LogConfig at(String servers, Map<String, Secret> properties) {
    return new LogConfig(
        Optional.of(servers),
        LogConfig.DEFAULT_DIRECTORY,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Duration.ofDays(7),
        properties);
  }

  public static LogConfig embedded(Path directory) {
    return new LogConfig(
        Optional.empty(),
        directory,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Duration.ofDays(7),
        Map.of());
  }

  public static String connector() {
    return "c" + NAMES.incrementAndGet() + RUN;
  }

  public static TableId table(String connector) {
    return new TableId(connector, "public", "orders");
  }

  public static TableSchema schema(TableId table, int version) {
    return new TableSchema(
        table,
        version,
        List.of(new ColumnSchema("id", PgType.base("int4"), "integer", false, null)),
        List.of("id"));
  }

  public static RowRecord row(int id, @Nullable String value) {
    return new RowRecord(
        utf8("{\"id\":" + id + "}"),
        value == null ? null : utf8(value),
        value == null ? 'd' : 'c',
        new Lsn(0x1000 + id),
        700 + id,
        1_700_000_000_000L + id,
        1,
        null);
  }

  public static List<LogPartition> partitions(TableId table, TopicInfo topic) {
    List<LogPartition> partitions = new ArrayList<>();
    for (int p = 0; p < topic.partitions(); p++) {
      partitions.add(new LogPartition(table, topic.name(), topic.topicId(), p));
    }
    return partitions;
  }

  /**
   * All that a reader sees of a table, from offset zero to the end that it has once every
   * transaction is over: Kafka answers a commit a little before it marks the rows as committed.
   */
  public static List<LogRecord> readAll(LogConnection log, TableId table, TopicInfo topic) {
    List<LogRecord> records = new ArrayList<>();
    List<LogPartition> partitions = partitions(table, topic);
    Map<LogPartition, Long> ends = new HashMap<>();
    partitions.forEach(p -> ends.put(p, highWaterMark(log, p)));
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    try (ReplayReader reader = ReplayReader.open(log, partitions, Map.of())) {
      while (partitions.stream().anyMatch(p -> reader.positions().get(p) < ends.get(p))) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError("the end was not reached: " + reader.positions());
        }
        for (PartitionBatch batch : reader.poll(Duration.ofMillis(100))) {
          records.addAll(batch.records());
        }
      }
    }
    return records;
  }

  private static long highWaterMark(LogConnection log, LogPartition partition) {
    TopicPartition kafka = new TopicPartition(partition.topic(), partition.partition());
    try {
      return log.admin()
          .listOffsets(Map.of(kafka, OffsetSpec.latest()))
          .partitionResult(kafka)
          .get()
          .offset();
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  public static List<String> values(List<LogRecord> records) {
    return records.stream().map(r -> r.isTombstone() ? "-" : text(r.value())).toList();
  }

  public static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  public static String text(byte @Nullable [] utf8) {
    return utf8 == null ? "-" : new String(utf8, StandardCharsets.UTF_8);
  }
}

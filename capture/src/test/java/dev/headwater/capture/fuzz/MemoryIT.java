package dev.headwater.capture.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Long transactions and large rows through a capture that has 512 MiB: {@code -Dmemory.rows=5000000
 * -Dmemory.large=40} is the full size.
 */
class MemoryIT {
  private static final int ROWS = Integer.getInteger("memory.rows", 300_000);
  private static final int LARGE = Integer.getInteger("memory.large", 8);
  private static final int LARGE_BYTES = 10 << 20;
  private static final String DATABASE = "memory";

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void oneTransactionOfManyRowsAndRowsOfTenMegabytesPass() throws Exception {
    PostgresServer postgres = SharedServices.postgres();
    String brokers = SharedServices.kafka().bootstrapServers();
    run(postgres, "postgres", "CREATE DATABASE " + DATABASE);
    run(
        postgres,
        DATABASE,
        "CREATE TABLE t_many (id bigint PRIMARY KEY, v text)",
        "CREATE TABLE t_large (id int PRIMARY KEY, n int, v text, b bytea)",
        "ALTER TABLE t_large ALTER v SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL");
    Process child = start(postgres, brokers);
    try {
      long began = System.nanoTime();
      run(
          postgres,
          DATABASE,
          "INSERT INTO t_many SELECT g, repeat('x', 100) FROM generate_series(1, " + ROWS + ") g",
          "INSERT INTO t_large SELECT g, 0, repeat('y', "
              + LARGE_BYTES
              + "), repeat('z', "
              + LARGE_BYTES / 2
              + ")::bytea FROM generate_series(1, "
              + LARGE
              + ") g",
          "UPDATE t_large SET n = 1");
      long[] many = await(brokers, DATABASE + ".public.t_many", ROWS, child);
      long[] large = await(brokers, DATABASE + ".public.t_large", 2 * LARGE, child);
      System.out.printf(
          "memory: %d rows in one transaction and %d rows of %d bytes twice, in %d ms, -Xmx512m%n",
          ROWS, LARGE, large[1] / (2L * LARGE), (System.nanoTime() - began) / 1_000_000);
      assertThat(many[0]).isEqualTo(ROWS);
      assertThat(large[0]).isEqualTo(2 * LARGE);
      assertThat(large[1]).isGreaterThan(2L * LARGE * LARGE_BYTES);
      assertThat(child.isAlive()).isTrue();
    } finally {
      child.destroyForcibly();
      child.waitFor(10, TimeUnit.SECONDS);
    }
  }

  private static Process start(PostgresServer postgres, String brokers) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                CaptureChild.class.getName(),
                String.valueOf(postgres.port()),
                DATABASE,
                brokers,
                "1",
                "-1")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.equals("STREAMING")) {
        return child;
      }
    }
    throw new AssertionError("capture ended before it streamed");
  }

  private static void run(PostgresServer postgres, String database, String... statements)
      throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                postgres.jdbcUrl(database), PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** Counts records and their bytes until as many are there as must be. */
  private static long[] await(String brokers, String topic, long expected, Process child) {
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("isolation.level", "read_committed");
    p.put("max.partition.fetch.bytes", 32 << 20);
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    long[] found = new long[2];
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
      List<TopicPartition> partitions = new ArrayList<>();
      long deadline = System.nanoTime() + Duration.ofMinutes(10).toNanos();
      while (partitions.isEmpty() && System.nanoTime() < deadline) {
        if (consumer.listTopics().containsKey(topic)) {
          consumer
              .partitionsFor(topic)
              .forEach(i -> partitions.add(new TopicPartition(topic, i.partition())));
        }
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (found[0] < expected && System.nanoTime() < deadline && child.isAlive()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          found[0]++;
          found[1] += record.value().length;
        }
      }
    }
    return found;
  }
}

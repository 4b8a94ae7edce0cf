package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.faults.topology.HeadwaterProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two captures of one connector: one writes, the other stands by, and follows when the first is
 * killed or hangs. What each does is seen in the log alone.
 */
class StandbyIT {
  private static final String TOPIC = "shop.public.t";
  private static final long LIMIT_MS = 20_000;

  @TempDir private Path directory;
  private long lastId;

  @Test
  @Timeout(300)
  void aSecondCaptureStandsByAndFollowsADeadOrHangingFirst() throws Exception {
    try (PostgresServer source = PostgresServer.start();
        KafkaServer log = KafkaServer.start();
        Connection connection =
            DriverManager.getConnection(
                source.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
        KafkaConsumer<String, String> reader = reader(log)) {
      run(connection, "CREATE TABLE t (id bigint PRIMARY KEY)");
      insert(connection);
      Files.writeString(directory.resolve("connectors.yaml"), yaml(source, log));
      HeadwaterProcess first = capture("first");
      awaitInLog(reader);
      HeadwaterProcess second = capture("second");
      Thread.sleep(8_000);
      insert(connection);
      awaitInLog(reader);
      assertThat(first.isAlive()).as("the first goes on beside a second").isTrue();

      first.kill();
      report("killed", reader, connection);

      HeadwaterProcess third = capture("third");
      Thread.sleep(8_000);
      second.suspend();
      report("stopped (SIGSTOP)", reader, connection);

      // The one that hung wakes up: it cannot write, and stands by from now on.
      second.resume();
      insert(connection);
      awaitInLog(reader);
      Thread.sleep(3_000);
      assertThat(second.isAlive()).as("a fenced capture stands by").isTrue();
      third.stop(20);
      report("told to end (SIGTERM)", reader, connection);
      second.kill();
    }
  }

  /** From the end of one owner to the fence of its successor, and to the first row of that one. */
  private void report(String what, KafkaConsumer<String, String> reader, Connection connection)
      throws Exception {
    long ended = System.nanoTime();
    String former = owner(reader);
    insert(connection);
    while (owner(reader).equals(former) && millisSince(ended) < LIMIT_MS) {
      Thread.sleep(20);
    }
    long owned = millisSince(ended);
    awaitInLog(reader);
    System.out.printf(
        "owner %s: followed after %d ms, first row after %d ms%n", what, owned, millisSince(ended));
    // Six seconds until it is missed; the rest is a machine that others use too.
    assertThat(owned).isLessThan(LIMIT_MS);
  }

  private static long millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }

  /** What the last capture that fenced the log left there; empty before the first. */
  private static String owner(KafkaConsumer<String, String> reader) {
    String owner = "";
    for (ConsumerRecord<String, String> record : contents(reader, "__headwater.positions")) {
      owner = record.key().contains("owner_of") ? record.value() : owner;
    }
    return owner;
  }

  private void insert(Connection connection) throws SQLException {
    lastId++;
    run(connection, "INSERT INTO t VALUES (" + lastId + ")");
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Every row so far, each once, in its order. */
  private void awaitInLog(KafkaConsumer<String, String> reader) throws InterruptedException {
    List<String> expected =
        LongStream.rangeClosed(1, lastId).mapToObj(id -> "{\"id\":" + id + "}").toList();
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    List<String> found = List.of();
    while (found.size() < expected.size() && System.nanoTime() < end) {
      Thread.sleep(20);
      found = contents(reader, TOPIC).stream().map(ConsumerRecord::key).toList();
    }
    assertThat(found).isEqualTo(expected);
  }

  private static List<ConsumerRecord<String, String>> contents(
      KafkaConsumer<String, String> reader, String topic) {
    if (!reader.listTopics().containsKey(topic)) {
      return List.of();
    }
    TopicPartition partition = new TopicPartition(topic, 0);
    reader.assign(List.of(partition));
    reader.seekToBeginning(List.of(partition));
    long end = reader.endOffsets(List.of(partition)).get(partition);
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    while (reader.position(partition) < end) {
      reader.poll(Duration.ofMillis(200)).forEach(records::add);
    }
    return records;
  }

  private static KafkaConsumer<String, String> reader(KafkaServer log) {
    Properties p = new Properties();
    p.put("bootstrap.servers", log.bootstrapServers());
    p.put("isolation.level", "read_committed");
    p.put("key.deserializer", StringDeserializer.class.getName());
    p.put("value.deserializer", StringDeserializer.class.getName());
    return new KafkaConsumer<>(p);
  }

  private HeadwaterProcess capture(String name) throws Exception {
    return HeadwaterProcess.start(name, directory, List.of("capture", "shop", "--no-color"));
  }

  private static String yaml(PostgresServer source, KafkaServer log) {
    return """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1}
        connectors:
          - name: shop
            type: postgres
            url: postgresql://127.0.0.1:%d/postgres
            user: postgres
            password: postgres
            tables: [public.t]
            heartbeat: 1s
        """
        .formatted(log.bootstrapServers(), source.port());
  }
}

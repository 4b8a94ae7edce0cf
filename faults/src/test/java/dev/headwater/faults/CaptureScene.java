package dev.headwater.faults;

import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.TcpProxy;
import dev.headwater.faults.topology.HeadwaterProcess;
import java.io.IOException;
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
import org.assertj.core.api.Assertions;

/** A source with one table {@code t}, a log, and captures of it as processes. */
final class CaptureScene implements AutoCloseable {
  static final String TOPIC = "shop.public.t";

  private final Path directory;
  private final PostgresServer source = PostgresServer.start();
  private final TcpProxy sourceLink = new TcpProxy("source").forwardTo(source.port());
  private final KafkaServer log = KafkaServer.start();
  private final Connection connection;
  private final KafkaConsumer<String, String> reader;
  private final List<HeadwaterProcess> captures = new ArrayList<>();
  private long lastId;

  CaptureScene(Path directory) throws SQLException, IOException {
    this.directory = directory;
    this.connection =
        DriverManager.getConnection(
            source.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
    run("CREATE TABLE t (id bigint PRIMARY KEY)");
    Properties p = new Properties();
    p.put("bootstrap.servers", log.bootstrapServers());
    p.put("isolation.level", "read_committed");
    p.put("key.deserializer", StringDeserializer.class.getName());
    p.put("value.deserializer", StringDeserializer.class.getName());
    this.reader = new KafkaConsumer<>(p);
    Files.writeString(
        directory.resolve("connectors.yaml"),
        """
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
            .formatted(log.bootstrapServers(), sourceLink.port()));
  }

  /** What captures connect to the source through. */
  TcpProxy sourceLink() {
    return sourceLink;
  }

  String brokers() {
    return log.bootstrapServers();
  }

  HeadwaterProcess capture(String name) throws IOException {
    HeadwaterProcess process =
        HeadwaterProcess.start(name, directory, List.of("capture", "shop", "--no-color"));
    captures.add(process);
    return process;
  }

  void insert() throws SQLException {
    lastId++;
    run("INSERT INTO t VALUES (" + lastId + ")");
  }

  private void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Every row so far, each once, in its order. */
  void awaitInLog() throws InterruptedException {
    List<String> expected =
        LongStream.rangeClosed(1, lastId).mapToObj(id -> "{\"id\":" + id + "}").toList();
    long end = System.nanoTime() + Duration.ofSeconds(180).toNanos();
    List<String> found = List.of();
    while (found.size() < expected.size() && System.nanoTime() < end) {
      Thread.sleep(20);
      found = contents(TOPIC).stream().map(ConsumerRecord::key).toList();
    }
    Assertions.assertThat(found).isEqualTo(expected);
  }

  boolean hasTopic() {
    return reader.listTopics().containsKey(TOPIC);
  }

  List<ConsumerRecord<String, String>> contents(String topic) {
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

  @Override
  public void close() throws SQLException, InterruptedException {
    for (HeadwaterProcess process : captures) {
      process.kill();
    }
    reader.close();
    connection.close();
    log.close();
    sourceLink.close();
    source.close();
  }
}

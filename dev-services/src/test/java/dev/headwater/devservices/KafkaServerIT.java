package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class KafkaServerIT {
  private static final String TOPIC = "kept";

  @Test
  void keepsACommittedTransactionOverAKillAndARestart() throws Exception {
    try (KafkaServer server = KafkaServer.start()) {
      createTopic(server);
      produce(server, "one");
      assertThat(consume(server, 1)).containsExactly("one");
      long pid = server.pid();

      server.kill();
      Processes.assertGone(pid, server.port());
      server.restart();

      produce(server, "two");
      assertThat(consume(server, 2)).containsExactly("one", "two");
    }
  }

  @Test
  void refusesAPortThatIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerOptions same = ServerOptions.defaults().withPort(taken.getLocalPort());

      assertThatThrownBy(() -> KafkaServer.start(same))
          .isInstanceOf(DevServerException.class)
          .hasMessageContaining("ended while it was starting")
          .hasMessageContaining("Address already in use");
    }
  }

  @Test
  void isGoneAfterClose() {
    KafkaServer server = KafkaServer.start();
    long pid = server.pid();

    server.close();

    Processes.assertGone(pid, server.port());
    assertThat(server.dataDir()).doesNotExist();
  }

  private static void createTopic(KafkaServer server) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", server.bootstrapServers()))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
    }
  }

  private static void produce(KafkaServer server, String value) throws Exception {
    Map<String, Object> properties =
        Map.of("bootstrap.servers", server.bootstrapServers(), "transactional.id", "test");
    try (var producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(TOPIC, value.getBytes(StandardCharsets.UTF_8))).get();
      producer.commitTransaction();
    }
  }

  /** Reads through a consumer group, so that the group coordinator is tried too. */
  private static List<String> consume(KafkaServer server, int count) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers",
            server.bootstrapServers(),
            "group.id",
            "reader-of-" + count,
            "auto.offset.reset",
            "earliest",
            "isolation.level",
            "read_committed");
    List<String> values = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(TOPIC));
      Processes.await(
          count + " records",
          Duration.ofSeconds(30),
          () -> {
            for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(200))) {
              values.add(new String(each.value(), StandardCharsets.UTF_8));
            }
            return values.size() >= count;
          });
    }
    return values;
  }
}

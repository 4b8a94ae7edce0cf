package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaClusterIT {
  private static final TopicPartition PARTITION = new TopicPartition("replicated", 0);

  @Test
  void keepsWhatItAcknowledgedWhenTheLeaderIsKilledAndWhenAllAre() throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(3)) {
      createTopic(cluster);
      produce(cluster, "one");
      KafkaServer leader = cluster.broker(leaderId(cluster));

      leader.kill();
      produce(cluster, "two");
      leader.restart();
      produce(cluster, "three");
      assertThat(consume(cluster, 3)).containsExactly("one", "two", "three");

      cluster.brokers().forEach(DevServer::kill);
      cluster.restartAll();

      assertThat(consume(cluster, 3)).containsExactly("one", "two", "three");
    }
  }

  @Test
  void goesOnWithADirectoryTheCallerKeptAndIsGoneAfterClose(@TempDir Path directory)
      throws Exception {
    ServerOptions options = ServerOptions.defaults().withDataDir(directory);
    List<Long> pids;
    try (KafkaCluster first = KafkaCluster.start(3, options)) {
      createTopic(first);
      produce(first, "kept");
      pids = first.brokers().stream().map(DevServer::pid).toList();
    }
    assertThat(pids).noneMatch(Processes::isRunning);

    try (KafkaCluster second = KafkaCluster.start(3, options)) {
      assertThat(consume(second, 1)).containsExactly("kept");
    }
  }

  @Test
  void refusesOnePortForAllNodes() {
    ServerOptions options = ServerOptions.defaults().withPort(20_000);

    assertThatThrownBy(() -> KafkaCluster.start(3, options))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Map<String, Object> client(KafkaCluster cluster) {
    return Map.of("bootstrap.servers", cluster.bootstrapServers());
  }

  private static void createTopic(KafkaCluster cluster) throws Exception {
    try (Admin admin = Admin.create(client(cluster))) {
      NewTopic topic = new NewTopic(PARTITION.topic(), 1, (short) 3);
      admin.createTopics(List.of(topic.configs(Map.of("min.insync.replicas", "2")))).all().get();
    }
  }

  private static int leaderId(KafkaCluster cluster) throws Exception {
    try (Admin admin = Admin.create(client(cluster))) {
      var topics = admin.describeTopics(List.of(PARTITION.topic())).allTopicNames().get();
      return topics.get(PARTITION.topic()).partitions().get(0).leader().id();
    }
  }

  private static void produce(KafkaCluster cluster, String value) throws Exception {
    try (var producer =
        new KafkaProducer<>(
            client(cluster), new ByteArraySerializer(), new ByteArraySerializer())) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      producer.send(new ProducerRecord<>(PARTITION.topic(), bytes)).get();
    }
  }

  private static List<String> consume(KafkaCluster cluster, int count) {
    List<String> values = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(
            client(cluster), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
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

package dev.headwater.benchmarks;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What a topic holds, as any client sees it. Belongs to the benchmark's thread. */
final class Topic implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrapServers;
  private final Admin admin;
  private final KafkaConsumer<byte[], byte[]> committedEnds;
  private final KafkaConsumer<byte[], byte[]> allEnds;
  private final Map<String, List<TopicPartition>> known = new HashMap<>();

  Topic(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
    this.admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers));
    this.committedEnds = consumer("read_committed");
    this.allEnds = consumer("read_uncommitted");
  }

  /** Makes a topic with the settings that Headwater gives its own. */
  void create(String name, int partitions) {
    Map<String, String> settings =
        Map.of("cleanup.policy", "compact", "max.message.bytes", String.valueOf(64 << 20));
    await(
        admin
                .createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(settings)))
                .all()
            ::get);
  }

  void delete(Collection<String> names) {
    names.forEach(known::remove);
    await(admin.deleteTopics(names).all()::get);
  }

  Collection<String> names() {
    return await(admin.listTopics().names()::get);
  }

  /**
   * The sum of the partitions' end offsets; -1 for no such topic.
   *
   * @param committed up to what {@code read_committed} readers get, or all that was appended
   */
  long end(String name, boolean committed) {
    List<TopicPartition> partitions = known.get(name);
    if (partitions == null) {
      if (!names().contains(name)) {
        return -1;
      }
      partitions = partitions(name, committedEnds);
      known.put(name, partitions);
    }
    var ends = (committed ? committedEnds : allEnds).endOffsets(partitions);
    return ends.values().stream().mapToLong(Long::longValue).sum();
  }

  private static List<TopicPartition> partitions(
      String name, KafkaConsumer<byte[], byte[]> consumer) {
    return consumer.partitionsFor(name).stream()
        .map(info -> new TopicPartition(name, info.partition()))
        .toList();
  }

  /** Reads all that is committed, from the first offset; how many records there were. */
  long read(String name, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    return read(name, Map.of(), each);
  }

  /**
   * Reads all that is committed.
   *
   * @param from where each partition begins, inclusive; at its first record where it is not named
   * @return how many records there were
   */
  long read(
      String name, Map<TopicPartition, Long> from, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      List<TopicPartition> partitions = partitions(name, consumer);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      from.forEach(consumer::seek);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long count = 0;
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          each.accept(record);
          count++;
        }
      }
      return count;
    }
  }

  /** Where each partition ends, exclusive, for readers of what is committed; none: no topic yet. */
  Map<TopicPartition, Long> ends(String name) {
    return names().contains(name)
        ? committedEnds.endOffsets(partitions(name, committedEnds))
        : Map.of();
  }

  /** A reader of what is committed, with fetches as large as a replay wants them. */
  KafkaConsumer<byte[], byte[]> consumer() {
    return consumer("read_committed");
  }

  private KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            isolation,
            ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
            false,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            20_000,
            ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
            8 << 20),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private interface Asked<T> {
    T get() throws ExecutionException, InterruptedException;
  }

  private static <T> T await(Asked<T> asked) {
    try {
      return asked.get();
    } catch (ExecutionException e) {
      throw new BenchmarkException("Kafka refused", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }

  @Override
  public void close() {
    committedEnds.close();
    allEnds.close();
    admin.close();
  }
}

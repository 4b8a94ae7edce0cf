package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one of our small compacted topics, of one partition, to its end: once as a map, or on and
 * on as changes.
 *
 * <p>Only what is committed is read, up to the high-water mark taken at the start of each read. The
 * end that {@code read_committed} readers are told, the last stable offset, will not do: the topic
 * is shared by all connectors, and an open transaction of another one, of a process killed a moment
 * ago say, hides everything behind it, our own committed records too. So the read waits until such
 * a transaction is over, which the brokers see to after {@code transaction.timeout.ms}. And the end
 * is reached by position, not by record: the last ones may be markers that a reader never sees.
 *
 * <p>Belongs to one thread.
 */
public final class CompactedTopic implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CompactedTopic.class);

  /** Longer than the brokers let a transaction be open: a minute, looked at every ten seconds. */
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private static final Duration WORTH_A_WORD = Duration.ofSeconds(3);
  private static final Duration POLL = Duration.ofMillis(100);

  /** Takes each record in the order of the log. On the reading thread. */
  public interface Receiver {
    /**
     * @param value empty where the record deletes its key
     */
    void take(String key, Optional<byte[]> value);
  }

  /** The same with the record's place, which only rises. On the reading thread. */
  public interface PlacedReceiver {
    /**
     * @param value empty where the record deletes its key
     */
    void take(long offset, String key, Optional<byte[]> value);
  }

  private final LogConnection log;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private CompactedTopic(LogConnection log, String topic) {
    this.log = log;
    this.partition = new TopicPartition(topic, 0);
    this.consumer = Consumers.open(log, Map.of());
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
  }

  /** Opens a topic that is there, to be read from its beginning. */
  public static CompactedTopic open(LogConnection log, String topic) {
    return new CompactedTopic(log, topic);
  }

  /**
   * The last value of each key, in the order they were written; deleted keys are left out. Empty if
   * there is no such topic.
   */
  public static Map<String, byte[]> read(LogConnection log, String topic) {
    return exists(log, topic) ? readExisting(log, topic) : Map.of();
  }

  /**
   * Like {@link #read}, for a topic that is there: a broker that does not know it yet must not make
   * it pass for one in which nothing stands.
   */
  public static Map<String, byte[]> readExisting(LogConnection log, String topic) {
    Map<String, byte[]> contents = new LinkedHashMap<>();
    try (CompactedTopic reader = open(log, topic)) {
      reader.readOn(
          (key, value) -> {
            contents.remove(key);
            value.ifPresent(bytes -> contents.put(key, bytes));
          });
    }
    return contents;
  }

  /** The high-water mark of a topic that is there: one past its last record, whoever may see it. */
  public static long end(LogConnection log, String topic) {
    TopicPartition partition = new TopicPartition(topic, 0);
    String what = "asking for the end of topic '" + topic + "'";
    try {
      return log.admin()
          .listOffsets(
              Map.of(partition, OffsetSpec.latest()),
              new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
          .partitionResult(partition)
          .get()
          .offset();
    } catch (ExecutionException e) {
      throw LogFailures.translate(what, log.address(), e);
    } catch (InterruptedException e) {
      throw LogFailures.translate(what, log.address(), new InterruptException(e));
    }
  }

  /** Whether the brokers know the topic. */
  public static boolean exists(LogConnection log, String topic) {
    String what = "looking for topic '" + topic + "'";
    try {
      log.admin().describeTopics(List.of(topic)).topicNameValues().get(topic).get();
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return false;
      }
      throw LogFailures.translate(what, log.address(), e);
    } catch (InterruptedException e) {
      throw LogFailures.translate(what, log.address(), new InterruptException(e));
    }
  }

  /** Hands over everything that was added since the last call, up to the end as it is now. */
  public void readOn(Receiver receiver) {
    readOnPlaced((offset, key, value) -> receiver.take(key, value));
  }

  /**
   * The same with each record's offset.
   *
   * @return where it goes on: everything below it was handed over
   */
  public long readOnPlaced(PlacedReceiver receiver) {
    long end = end(log, partition.topic());
    long began = System.nanoTime();
    boolean told = false;
    try {
      while (consumer.position(partition) < end) {
        long waited = System.nanoTime() - began;
        if (waited > LIMIT.toNanos()) {
          throw hidden();
        }
        if (waited > WORTH_A_WORD.toNanos() && !told) {
          told = true;
          LOG.atInfo()
              .addKeyValue("topic", partition.topic())
              .addKeyValue("offset", consumer.position(partition))
              .addKeyValue("end_offset", end)
              .log("waiting for an open transaction to end");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          receiver.take(
              record.offset(),
              new String(record.key(), StandardCharsets.UTF_8),
              Optional.ofNullable(record.value()));
        }
      }
      return consumer.position(partition);
    } catch (KafkaException e) {
      throw LogFailures.translate("reading topic '" + partition.topic() + "'", log.address(), e);
    }
  }

  private HeadwaterException hidden() {
    return new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "topic '"
            + partition.topic()
            + "' – an open transaction at offset "
            + consumer.position(partition)
            + " has hidden what follows for "
            + LIMIT.toSeconds()
            + " s",
        "The brokers end a transaction by themselves within a minute or so. One that hangs longer"
            + " is found with 'kafka-transactions.sh find-hanging'.");
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}

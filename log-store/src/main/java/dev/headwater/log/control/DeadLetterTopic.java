package dev.headwater.log.control;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * The records that a sink's target refused, in {@code __headwater.dlq.<sink>}: compacted, of one
 * partition, made with the first of them. What they look like is the sinks' business.
 *
 * <p>Writing is thread-safe; reading belongs to one thread at a time.
 */
public final class DeadLetterTopic implements AutoCloseable {
  private static final int MAX_WAIT_MILLIS = 30_000;

  private final LogConnection log;
  private final String sink;
  private final String topic;
  private @Nullable KafkaProducer<byte[], byte[]> producer;
  private @Nullable CompactedTopic reader;

  /** Asks nobody yet. */
  public DeadLetterTopic(LogConnection log, String sink) {
    this.log = log;
    this.sink = sink;
    this.topic = TopicNames.deadLetters(sink);
  }

  /**
   * Writes records, empty ones to delete their keys; returns when the log has them all, as safe as
   * anything it has.
   *
   * @return where each stands, by key
   * @throws HeadwaterException if the log does not take them; some may be there
   */
  public Map<String, Long> write(Map<String, Optional<byte[]>> records) {
    String what = "writing to topic '" + topic + "'";
    Map<String, Future<RecordMetadata>> sent = new LinkedHashMap<>();
    Map<String, Long> offsets = new HashMap<>();
    try {
      KafkaProducer<byte[], byte[]> open = producer();
      records.forEach(
          (key, value) ->
              sent.put(
                  key,
                  open.send(
                      new ProducerRecord<>(
                          topic, key.getBytes(StandardCharsets.UTF_8), value.orElse(null)))));
      for (Map.Entry<String, Future<RecordMetadata>> each : sent.entrySet()) {
        offsets.put(each.getKey(), each.getValue().get().offset());
      }
      return offsets;
    } catch (ExecutionException | KafkaException e) {
      throw LogFailures.translate(what, log.address(), e);
    } catch (InterruptedException e) {
      throw LogFailures.translate(what, log.address(), new InterruptException(e));
    }
  }

  private synchronized KafkaProducer<byte[], byte[]> producer() {
    KafkaProducer<byte[], byte[]> open = producer;
    if (open == null) {
      new Topics(log).ensureDeadLetters(sink);
      open = Boards.producer(log, "headwater-dlq", MAX_WAIT_MILLIS);
      producer = open;
    }
    return open;
  }

  /**
   * Hands over everything that was added since the last call, up to the end as it is now.
   *
   * @return everything below this offset was handed over; 0 where there is no topic yet
   */
  public long readOn(CompactedTopic.PlacedReceiver receiver) {
    CompactedTopic open = reader;
    if (open == null) {
      if (!CompactedTopic.exists(log, topic)) {
        return 0;
      }
      open = CompactedTopic.open(log, topic);
      reader = open;
    }
    return open.readOnPlaced(receiver);
  }

  @Override
  public synchronized void close() {
    if (producer != null) {
      producer.close(Duration.ofSeconds(2));
    }
    if (reader != null) {
      reader.close();
    }
  }
}

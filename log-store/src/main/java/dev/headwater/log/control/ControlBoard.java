package dev.headwater.log.control;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of workers, in {@code __headwater.control}: the latest wish for each component,
 * written by commands, obeyed by workers on any machine.
 *
 * <p>Components are named as on the {@link StatusBoard}. A wish is state, not a message: a worker
 * that starts later finds it, and one that was away sees the last and not those between. Writing is
 * thread-safe; {@link #changes} belongs to one thread.
 */
public final class ControlBoard implements AutoCloseable {
  private static final int MAX_WAIT_MILLIS = 10_000;

  private final LogConnection log;
  private final KafkaProducer<byte[], byte[]> producer;
  private @Nullable CompactedTopic reader;

  public ControlBoard(LogConnection log) {
    this.log = log;
    this.producer = Boards.producer(log, "headwater-control", MAX_WAIT_MILLIS);
  }

  /**
   * Says what is wanted of a component; returns when the log has it.
   *
   * @throws HeadwaterException if the log does not take it
   */
  public void desire(String component, String json) {
    write(component, json.getBytes(StandardCharsets.UTF_8));
  }

  /** Takes a wish back; returns when the log has it. */
  public void withdraw(String component) {
    write(component, null);
  }

  private void write(String component, byte @Nullable [] value) {
    String what = "writing to topic '" + TopicNames.CONTROL + "'";
    try {
      producer
          .send(
              new ProducerRecord<>(
                  TopicNames.CONTROL, component.getBytes(StandardCharsets.UTF_8), value))
          .get();
    } catch (ExecutionException | KafkaException e) {
      throw LogFailures.translate(what, log.address(), e);
    } catch (InterruptedException e) {
      throw LogFailures.translate(what, log.address(), new InterruptException(e));
    }
  }

  /** The wish for each component that there is one for, by its name. */
  public Map<String, String> read() {
    Map<String, String> wishes = new TreeMap<>();
    CompactedTopic.read(log, TopicNames.CONTROL)
        .forEach((key, value) -> wishes.put(key, new String(value, StandardCharsets.UTF_8)));
    return wishes;
  }

  /**
   * What has changed since the last call: the latest wish for each component that has a new one,
   * empty where it was taken back. The first call brings all that stand, and so does the first
   * after one that failed. Cheap enough to be called every second.
   *
   * @throws HeadwaterException if the log cannot be read now; nothing is missed by that
   */
  public Map<String, Optional<String>> changes() {
    if (reader == null) {
      if (!CompactedTopic.exists(log, TopicNames.CONTROL)) {
        return Map.of();
      }
      reader = CompactedTopic.open(log, TopicNames.CONTROL);
    }
    Map<String, Optional<String>> changes = new TreeMap<>();
    try {
      reader.readOn(
          (key, value) ->
              changes.put(key, value.map(bytes -> new String(bytes, StandardCharsets.UTF_8))));
    } catch (HeadwaterException e) {
      // What it had read by then would not be read again.
      reader.close();
      reader = null;
      throw e;
    }
    return changes;
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
    if (reader != null) {
      reader.close();
    }
  }
}

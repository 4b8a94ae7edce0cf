package dev.headwater.log.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What workers say of themselves, in {@code __headwater.status}: the latest report of each
 * component, for commands in any process on any machine.
 *
 * <p>A component is named {@code connector/shop}, {@code sink/customer-cache/<worker>} or {@code
 * run/<process>}. A report says when it was made, as {@code ts_ms}; one that is old speaks of a
 * worker that is gone. Reports inform, nothing rests on them: one that cannot be sent is dropped.
 * Thread-safe.
 */
public final class StatusBoard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StatusBoard.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_WAIT_MILLIS = 2_000;

  private final LogConnection log;
  private final Clock clock;
  private final KafkaProducer<byte[], byte[]> producer;

  public StatusBoard(LogConnection log) {
    this(log, Clock.systemUTC());
  }

  StatusBoard(LogConnection log, Clock clock) {
    this.log = log;
    this.clock = clock;
    this.producer = Boards.producer(log, "headwater-status", MAX_WAIT_MILLIS);
  }

  /**
   * Replaces the component's report.
   *
   * @param json a JSON object; {@code ts_ms} is added unless it is there
   */
  public void report(String component, String json) {
    send(component, dated(json));
  }

  /** Takes the component's report away, when it ends as it should. */
  public void withdraw(String component) {
    send(component, null);
  }

  private byte[] dated(String json) {
    try {
      JsonNode report = JSON.readTree(json);
      if (!(report instanceof ObjectNode)) {
        throw new IllegalArgumentException("a report is a JSON object");
      }
      ObjectNode object = (ObjectNode) report;
      if (!object.has("ts_ms")) {
        object.put("ts_ms", clock.millis());
      }
      return JSON.writeValueAsBytes(object);
    } catch (IOException e) {
      throw new IllegalArgumentException("a report is a JSON object", e);
    }
  }

  private void send(String component, byte @Nullable [] value) {
    try {
      producer.send(
          new ProducerRecord<>(
              TopicNames.STATUS, component.getBytes(StandardCharsets.UTF_8), value),
          (metadata, error) -> {
            if (error != null) {
              LOG.atDebug().setCause(error).log("status report was not sent");
            }
          });
    } catch (KafkaException e) {
      LOG.atDebug().setCause(e).log("status report was not sent");
    }
  }

  /** The latest report of each component, by its name. */
  public Map<String, String> read() {
    Map<String, String> reports = new TreeMap<>();
    CompactedTopic.read(log, TopicNames.STATUS)
        .forEach((key, value) -> reports.put(key, new String(value, StandardCharsets.UTF_8)));
    return reports;
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }
}

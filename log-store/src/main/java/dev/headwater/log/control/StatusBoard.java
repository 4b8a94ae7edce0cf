package dev.headwater.log.control;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What workers say of themselves, in {@code __headwater.status}: the latest report of each
 * component, for commands in any process on any machine.
 *
 * <p>A component is named {@code connector/shop}, {@code sink/customer-cache/<worker>} or {@code
 * run/<process>}. A report says when it was made; one that is old speaks of a worker that is gone.
 * Reports inform, nothing rests on them: one that cannot be sent is dropped. Thread-safe.
 */
public final class StatusBoard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StatusBoard.class);

  private final LogConnection log;
  private final KafkaProducer<byte[], byte[]> producer;

  public StatusBoard(LogConnection log) {
    this.log = log;
    Map<String, Object> p = log.clientProperties();
    p.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 2_000);
    p.put(ProducerConfig.CLIENT_ID_CONFIG, "headwater-status");
    this.producer = new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Replaces the component's report. */
  public void report(String component, String json) {
    producer.send(
        new ProducerRecord<>(
            TopicNames.STATUS,
            component.getBytes(StandardCharsets.UTF_8),
            json.getBytes(StandardCharsets.UTF_8)),
        (metadata, error) -> {
          if (error != null) {
            LOG.atDebug().setCause(error).log("status report was not sent");
          }
        });
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

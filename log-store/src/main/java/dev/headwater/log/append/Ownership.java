package dev.headwater.log.append;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which appender last took a connector over, as it stands in the log beside the position.
 *
 * <p>Kafka refuses a writer in the same words in two cases: a newer one has fenced it, or the
 * brokers ended its transaction because it stood still too long (a suspended laptop, a stopped
 * process). The first must end, the second may just begin again; this record tells them apart.
 */
final class Ownership {
  private static final Logger LOG = LoggerFactory.getLogger(Ownership.class);

  private final String connector;
  private final String owner = UUID.randomUUID().toString();

  Ownership(String connector) {
    this.connector = connector;
  }

  /** Not a connector's name, hence no position's key. */
  private String key() {
    return "{\"owner_of\":\"" + connector + "\"}";
  }

  /** What a new owner commits before anything else. */
  ProducerRecord<byte[], byte[]> claim() {
    String value = "{\"owner\":\"" + owner + "\"}";
    return new ProducerRecord<>(
        TopicNames.POSITIONS,
        key().getBytes(StandardCharsets.UTF_8),
        value.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Whether no other appender has claimed the connector since. Where the log does not say, it is
   * taken to be lost: two that take it from each other by turns would be worse than one that ends.
   */
  boolean isStillOurs(LogConnection log) {
    try {
      Map<String, byte[]> contents = CompactedTopic.readExisting(log, TopicNames.POSITIONS);
      byte[] stands = contents.get(key());
      return stands != null && new String(stands, StandardCharsets.UTF_8).contains(owner);
    } catch (HeadwaterException e) {
      LOG.atDebug().addKeyValue("connector", connector).setCause(e).log("owner is not known");
      return false;
    }
  }
}

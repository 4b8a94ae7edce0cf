package dev.headwater.log.control;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.topic.Topics;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How boards and dead letters are written: single records, each by itself, no transaction. */
final class Boards {
  private Boards() {}

  static KafkaProducer<byte[], byte[]> producer(
      LogConnection log, String clientId, int maxWaitMillis) {
    Map<String, Object> p = log.clientProperties();
    p.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
    p.put(ProducerConfig.ACKS_CONFIG, "all");
    p.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    p.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, maxWaitMillis);
    p.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, maxWaitMillis);
    p.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, maxWaitMillis);
    p.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_RECORD_BYTES);
    p.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
    try {
      return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
    } catch (KafkaException e) {
      throw LogFailures.translate("opening a writer", log.address(), e);
    }
  }
}

package dev.headwater.log.control;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How both boards write: single records, each by itself, no transaction. */
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
    p.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
    try {
      return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
    } catch (KafkaException e) {
      throw LogFailures.translate("opening a writer", log.address(), e);
    }
  }
}

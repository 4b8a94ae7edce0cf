package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.KafkaCluster;
import dev.headwater.log.TestLog;
import dev.headwater.log.connection.LogConnection;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Of several brokers some know a new topic a moment before others do: whoever makes one must not
 * fail for that.
 */
class FreshTopicsIT {
  private static final int TOPICS = 150;

  @Test
  @Timeout(300)
  void aTopicThatNotEveryBrokerKnowsYetIsNoFailure() {
    try (KafkaCluster brokers = KafkaCluster.start(3);
        LogConnection log = LogConnection.open(TestLog.at(brokers.bootstrapServers(), Map.of()))) {
      Topics topics = new Topics(log);
      for (int i = 1; i <= TOPICS; i++) {
        topics.ensureDeadLetters("s" + i);
      }
      assertThat(topics.describe(TopicNames.deadLetters("s" + TOPICS))).isPresent();
    }
  }
}

package dev.headwater.log.replay;

import dev.headwater.log.schema.TableId;

/**
 * One partition of a table's topic.
 *
 * @param table whose rows it holds
 * @param topic the topic's name
 * @param topicId Kafka's own id of the topic: a topic deleted and made again has another one
 * @param partition counts from 0
 */
public record LogPartition(TableId table, String topic, String topicId, int partition) {
  /** {@code topic-partition}, as Kafka prints it. */
  @Override
  public String toString() {
    return topic + "-" + partition;
  }
}

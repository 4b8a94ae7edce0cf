package dev.headwater.log.replay;

import dev.headwater.log.schema.TableId;

/**
 * One partition of a table's topic.
 *
 * @param table the table
 * @param topic the topic's name
 * @param topicId Kafka's id of the topic: offsets of another id mean nothing here
 * @param partition counts from zero
 */
public record LogPartition(TableId table, String topic, String topicId, int partition) {
  @Override
  public String toString() {
    return topic + "/" + partition;
  }
}

package dev.headwater.log.topic;

import java.util.Map;

/**
 * A topic as the brokers have it.
 *
 * @param name its name
 * @param topicId Kafka's own id, which a topic of the same name made anew does not share
 * @param partitions how many partitions
 * @param replicationFactor how many copies of each
 * @param config its settings in force
 */
public record TopicInfo(
    String name,
    String topicId,
    int partitions,
    int replicationFactor,
    Map<String, String> config) {}

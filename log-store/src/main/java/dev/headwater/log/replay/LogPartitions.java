package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Finds the partitions of tables: a topic's name may be cut or escaped, so the tables are taken
 * from the schemas in the log, and their topics from their names.
 */
public final class LogPartitions {
  private LogPartitions() {}

  /** Every partition of every table that is wanted and whose topic is there, by topic. */
  public static Map<String, List<LogPartition>> of(
      LogConnection log, SchemaStore schemas, Predicate<TableId> wanted) {
    Topics topics = new Topics(log);
    Map<String, List<LogPartition>> byTopic = new TreeMap<>();
    for (TableId table : schemas.latest().keySet()) {
      if (!wanted.test(table)) {
        continue;
      }
      Optional<TopicInfo> topic = topics.describe(TopicNames.forTable(table));
      if (topic.isPresent()) {
        List<LogPartition> partitions = new ArrayList<>();
        for (int p = 0; p < topic.get().partitions(); p++) {
          partitions.add(new LogPartition(table, topic.get().name(), topic.get().topicId(), p));
        }
        byTopic.put(topic.get().name(), partitions);
      }
    }
    return byTopic;
  }
}

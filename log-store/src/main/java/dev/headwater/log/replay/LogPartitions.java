package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
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
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

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

  /** Where a partition ends now, exclusive, for readers of what is committed. */
  public static long committedEnd(LogConnection log, LogPartition partition) {
    TopicPartition asked = new TopicPartition(partition.topic(), partition.partition());
    try {
      return log.admin()
          .listOffsets(
              Map.of(asked, OffsetSpec.latest()),
              new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
          .partitionResult(asked)
          .get()
          .offset();
    } catch (ExecutionException e) {
      throw LogFailures.translate("asking for the end of " + partition, log.address(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE, "log – interrupted while asked for its end", "", e);
    }
  }
}

package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.utils.Utils;

/**
 * Finds the partitions of tables: a topic's name may be cut or escaped, so the tables are taken
 * from the schemas in the log, and their topics from their names.
 */
public final class LogPartitions {
  private LogPartitions() {}

  /** Every partition of every table that is wanted and whose topic is there, by topic. */
  public static Map<String, List<LogPartition>> of(
      LogConnection log, SchemaStore schemas, Predicate<TableId> wanted) {
    Map<String, TableId> tables = new HashMap<>();
    for (TableId table : schemas.latest().keySet()) {
      if (wanted.test(table)) {
        tables.put(TopicNames.forTable(table), table);
      }
    }
    Map<String, List<LogPartition>> byTopic = new TreeMap<>();
    describe(log, tables.keySet())
        .forEach((topic, found) -> byTopic.put(topic, of(tables.get(topic), found)));
    return byTopic;
  }

  private static List<LogPartition> of(TableId table, TopicDescription topic) {
    List<LogPartition> partitions = new ArrayList<>();
    for (int p = 0; p < topic.partitions().size(); p++) {
      partitions.add(new LogPartition(table, topic.name(), topic.topicId().toString(), p));
    }
    return partitions;
  }

  /**
   * Refuses partitions whose topic is gone, or was made anew under the same name: their offsets say
   * nothing about what stands there now.
   */
  static void requireSameTopics(LogConnection log, Collection<LogPartition> partitions) {
    Set<String> names = new TreeSet<>();
    partitions.forEach(p -> names.add(p.topic()));
    Map<String, TopicDescription> found = describe(log, names);
    for (LogPartition partition : partitions) {
      TopicDescription topic = found.get(partition.topic());
      if (topic == null || !topic.topicId().toString().equals(partition.topicId())) {
        throw new HeadwaterException(
            FailureCode.CHECKPOINT_STALE,
            "topic '"
                + partition.topic()
                + "' – "
                + (topic == null ? "is gone" : "was made anew under the same name"),
            "'headwater rebuild' fills the sink from the log as it is now.");
      }
    }
  }

  /** The topics that are there, in one question to the brokers. */
  private static Map<String, TopicDescription> describe(LogConnection log, Set<String> names) {
    Map<String, TopicDescription> found = new TreeMap<>();
    Map<String, KafkaFuture<TopicDescription>> asked =
        log.admin().describeTopics(names).topicNameValues();
    for (Map.Entry<String, KafkaFuture<TopicDescription>> each : asked.entrySet()) {
      try {
        found.put(each.getKey(), each.getValue().get());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw LogFailures.translate("describing topic '" + each.getKey() + "'", log.address(), e);
        }
      } catch (InterruptedException e) {
        throw LogFailures.translate(
            "describing topics",
            log.address(),
            new org.apache.kafka.common.errors.InterruptException(e));
      }
    }
    return found;
  }

  /** Where a partition ends now, exclusive, for readers of what is committed. */
  public static long committedEnd(LogConnection log, LogPartition partition) {
    return committedEnds(log, List.of(partition)).getOrDefault(partition, 0L);
  }

  /** The same of several partitions, in one question. */
  public static Map<LogPartition, Long> committedEnds(
      LogConnection log, Collection<LogPartition> partitions) {
    return ends(log, partitions, IsolationLevel.READ_COMMITTED);
  }

  /**
   * Where partitions end now, exclusive, whoever may see it: what was committed before is below,
   * even where Kafka has not written its marks yet.
   */
  public static Map<LogPartition, Long> appendedEnds(
      LogConnection log, Collection<LogPartition> partitions) {
    return ends(log, partitions, IsolationLevel.READ_UNCOMMITTED);
  }

  /** The partition a key stands in: what Kafka's own clients make of it. */
  public static int partitionOf(byte[] key, int partitions) {
    return Utils.toPositive(Utils.murmur2(key)) % partitions;
  }

  private static Map<LogPartition, Long> ends(
      LogConnection log, Collection<LogPartition> partitions, IsolationLevel isolation) {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    partitions.forEach(
        p -> asked.put(new TopicPartition(p.topic(), p.partition()), OffsetSpec.latest()));
    Map<LogPartition, Long> ends = new HashMap<>();
    try {
      Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> found =
          log.admin().listOffsets(asked, new ListOffsetsOptions(isolation)).all().get();
      for (LogPartition p : partitions) {
        ends.put(p, found.get(new TopicPartition(p.topic(), p.partition())).offset());
      }
      return ends;
    } catch (ExecutionException e) {
      throw LogFailures.translate("asking for the ends of partitions", log.address(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE, "log – interrupted while asked for its end", "", e);
    }
  }
}

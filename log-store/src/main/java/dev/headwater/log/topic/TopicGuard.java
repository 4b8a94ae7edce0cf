package dev.headwater.log.topic;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Sees to it that topics which hold rows are still the same topics: there, not made anew, and never
 * deleting by age. A topic made again in the place of a lost one would look whole and hold only
 * what changed since.
 *
 * <p>The first {@link #check} of a topic remembers Kafka's id of it; later ones compare. {@link
 * #add} is for any thread, {@link #check} for one at a time.
 */
public final class TopicGuard {
  /** A broker just started may not know of a topic for a moment: it is asked again. */
  private static final int ABSENCES_BELIEVED = 2;

  private static final String RELOAD =
      "Rows it held are gone from the log. Load the table again under a new connector name, or"
          + " bring the topic back from a copy.";

  private final LogConnection log;
  private final Map<String, String> idByTopic = new HashMap<>();
  private final Map<String, Integer> absences = new HashMap<>();
  private final Set<String> topics = new ConcurrentSkipListSet<>();

  /**
   * @param tables those whose schema the log has, hence a topic
   */
  public TopicGuard(LogConnection log, Collection<TableId> tables) {
    this.log = log;
    tables.forEach(this::add);
  }

  /** Looks after one more table's topic, which is there by now. */
  public void add(TableId table) {
    topics.add(TopicNames.forTable(table));
  }

  /**
   * Looks at all topics once.
   *
   * @return whether all were seen; false when one was not there and is to be looked for again
   * @throws HeadwaterException {@link FailureCode#LOG_NOT_READY} if one is gone, was made anew or
   *     no longer keeps its rows; {@link FailureCode#LOG_UNREACHABLE} if no broker answers
   */
  public boolean check() {
    List<String> now = List.copyOf(topics);
    if (now.isEmpty()) {
      return true;
    }
    try {
      boolean allThere = checkIdentity(now);
      boolean allKnown = checkPolicy(now);
      return allThere && allKnown;
    } catch (ExecutionException e) {
      throw LogFailures.translate("looking at the tables' topics", log.address(), e);
    } catch (InterruptedException e) {
      throw LogFailures.translate(
          "looking at the tables' topics", log.address(), new InterruptException(e));
    }
  }

  private boolean checkIdentity(List<String> topics)
      throws ExecutionException, InterruptedException {
    boolean all = true;
    Map<String, KafkaFuture<TopicDescription>> answers =
        log.admin().describeTopics(topics).topicNameValues();
    for (String topic : topics) {
      try {
        String id = answers.get(topic).get().topicId().toString();
        absences.remove(topic);
        String before = idByTopic.putIfAbsent(topic, id);
        if (before != null && !before.equals(id)) {
          throw notReady(topic, "was deleted and made anew", RELOAD);
        }
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
        all = false;
        if (absences.merge(topic, 1, Integer::sum) >= ABSENCES_BELIEVED) {
          throw notReady(topic, "is gone: somebody deleted it", RELOAD);
        }
      }
    }
    return all;
  }

  /** A topic deleted since its identity was asked for is left to the next look. */
  private boolean checkPolicy(List<String> topics) throws ExecutionException, InterruptedException {
    List<ConfigResource> there =
        topics.stream()
            .filter(topic -> !absences.containsKey(topic))
            .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
            .toList();
    boolean all = true;
    for (var settings : log.admin().describeConfigs(there).values().entrySet()) {
      try {
        checkPolicy(settings.getKey().name(), settings.getValue().get());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
        all = false;
      }
    }
    return all;
  }

  private static void checkPolicy(String topic, Config settings) {
    String policy = settings.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
    if (!TopicConfig.CLEANUP_POLICY_COMPACT.equals(policy)) {
      throw notReady(
          topic,
          "cleanup.policy is '" + policy + "' and must be 'compact', or rows are deleted by age",
          "kafka-configs.sh --alter --topic "
              + topic
              + " --add-config cleanup.policy=compact; rows it has deleted must be loaded again.");
    }
  }

  private static HeadwaterException notReady(String topic, String what, String hint) {
    return new HeadwaterException(
        FailureCode.LOG_NOT_READY, "topic '" + topic + "' – " + what, hint);
  }
}

package dev.headwater.log.topic;

import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the log's topics, and refuses topics that would lose what is written to them.
 *
 * <p>A topic that is there already is never changed: one that does not compact deletes rows by age,
 * and one whose partitions grew has two histories of a key; both need a person. Thread-safe.
 */
public final class Topics {
  private static final Logger LOG = LoggerFactory.getLogger(Topics.class);

  /** What a record may have, key and headers included. */
  public static final int MAX_RECORD_BYTES = 64 << 20;

  private static final int USUAL_COPIES = 3;

  private final LogConnection log;
  private final LogConfig config;
  private final Map<String, TopicInfo> seen = new ConcurrentHashMap<>();

  public Topics(LogConnection log) {
    this.log = log;
    this.config = log.config();
  }

  /** Makes Headwater's own topics where they are missing, and checks them. */
  public void ensureInternal() {
    for (String name :
        List.of(
            TopicNames.POSITIONS,
            TopicNames.SCHEMAS,
            TopicNames.SNAPSHOTS,
            TopicNames.CONTROL,
            TopicNames.STATUS)) {
      ensure(name, 1, Map.of());
    }
  }

  /** Makes the topic of a sink's refused records if it is missing, and checks it. */
  public void ensureDeadLetters(String sink) {
    ensure(TopicNames.deadLetters(sink), 1, Map.of());
  }

  /**
   * Makes a table's topic if it is missing, and checks it if it is there.
   *
   * @param partitions how many to make; a topic that is there keeps its own number
   */
  public TopicInfo ensureTable(TableId table, int partitions) {
    String name = TopicNames.forTable(table);
    TopicInfo known = seen.get(name);
    if (known != null) {
      return known;
    }
    TopicInfo made = ensure(name, partitions, tableSettings());
    seen.put(name, made);
    return made;
  }

  private Map<String, String> tableSettings() {
    return Map.of(
        TopicConfig.DELETE_RETENTION_MS_CONFIG,
        String.valueOf(config.deleteRetention().toMillis()));
  }

  /**
   * Makes and checks the topics of many tables at once, each with the partitions that the
   * configuration gives it: the brokers are asked three times, however many there are.
   */
  public void ensureTables(Collection<TableId> tables) {
    Map<String, TableId> unknown = new TreeMap<>();
    for (TableId table : tables) {
      String name = TopicNames.forTable(table);
      if (!seen.containsKey(name)) {
        unknown.put(name, table);
      }
    }
    if (unknown.isEmpty()) {
      return;
    }
    Set<String> missing = new TreeSet<>(unknown.keySet());
    missing.removeAll(describeAll(unknown.keySet()).keySet());
    if (!missing.isEmpty()) {
      int brokers = brokers();
      List<NewTopic> made = new ArrayList<>();
      for (String name : missing) {
        int partitions = partitionsFor(Objects.requireNonNull(unknown.get(name)));
        made.add(newTopic(name, partitions, tableSettings(), brokers));
      }
      create(made);
    }
    describeMade(unknown.keySet())
        .forEach(
            (name, topic) -> {
              requireSound(topic);
              seen.put(name, topic);
            });
  }

  /**
   * The topics among these that there are. One that was just made may be known to the broker that
   * describes it and not yet to the one that is asked for its settings: that one is not there yet.
   */
  private Map<String, TopicInfo> describeAll(Set<String> names) {
    return describeAll(names, "describing " + names.size() + " topics");
  }

  private Map<String, TopicInfo> describeAll(Set<String> names, String what) {
    Admin admin = log.admin();
    try {
      Map<String, TopicDescription> descriptions =
          known(admin.describeTopics(names).topicNameValues());
      List<ConfigResource> resources =
          descriptions.keySet().stream()
              .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
              .toList();
      Map<String, TopicInfo> found = new TreeMap<>();
      known(admin.describeConfigs(resources).values())
          .forEach(
              (resource, values) ->
                  found.put(resource.name(), info(descriptions.get(resource.name()), values)));
      return found;
    } catch (ExecutionException e) {
      throw LogFailures.translate(what, log.address(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** The answers, without those that a broker knows nothing of. */
  private static <K, V> Map<K, V> known(Map<K, KafkaFuture<V>> asked)
      throws ExecutionException, InterruptedException {
    Map<K, V> found = new HashMap<>();
    for (Map.Entry<K, KafkaFuture<V>> each : asked.entrySet()) {
      try {
        found.put(each.getKey(), each.getValue().get());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
      }
    }
    return found;
  }

  private static TopicInfo info(TopicDescription description, Config settings) {
    Map<String, String> values = new HashMap<>();
    settings.entries().forEach(entry -> values.put(entry.name(), entry.value()));
    return new TopicInfo(
        description.name(),
        description.topicId().toString(),
        description.partitions().size(),
        description.partitions().get(0).replicas().size(),
        values);
  }

  /** How many partitions the configuration gives a table: by exact name, by glob, or one. */
  public int partitionsFor(TableId table) {
    Map<String, Integer> byName = config.partitions();
    Integer exact = byName.get(table.toString());
    if (exact != null) {
      return exact;
    }
    return byName.entrySet().stream()
        .filter(e -> Globs.matches(e.getKey(), table.toString()))
        .max(java.util.Comparator.comparingInt(e -> e.getKey().length()))
        .map(Map.Entry::getValue)
        .orElse(1);
  }

  /** A topic as the brokers have it; empty when there is none. */
  public Optional<TopicInfo> describe(String topic) {
    return Optional.ofNullable(
        describeAll(Set.of(topic), "describing topic '" + topic + "'").get(topic));
  }

  private TopicInfo ensure(String name, int partitions, Map<String, String> settings) {
    Optional<TopicInfo> existing = describe(name);
    if (existing.isEmpty()) {
      create(List.of(newTopic(name, partitions, settings, brokers())));
      existing = Optional.ofNullable(describeMade(Set.of(name)).get(name));
    }
    TopicInfo topic = existing.orElseThrow();
    requireSound(topic);
    return topic;
  }

  /**
   * All of these, which are there: topics just made take a moment until every broker knows them.
   */
  private Map<String, TopicInfo> describeMade(Set<String> names) {
    Map<String, TopicInfo> found = new TreeMap<>();
    Set<String> missing = new TreeSet<>(names);
    for (int attempt = 0; attempt < 100; attempt++) {
      found.putAll(describeAll(missing));
      missing.removeAll(found.keySet());
      if (missing.isEmpty()) {
        return found;
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
    throw new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "log at " + log.address() + " – topics were made but do not appear: " + missing,
        "Check the brokers' logs: the controller may be down.");
  }

  private NewTopic newTopic(
      String name, int partitions, Map<String, String> settings, int brokers) {
    int copies = config.replicationFactor().orElse(Math.min(USUAL_COPIES, brokers));
    if (copies > brokers) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log at "
              + log.address()
              + " – replication_factor is "
              + copies
              + ", but there are "
              + brokers
              + " brokers",
          "Start more brokers, or lower 'log: replication_factor'.");
    }
    int inSync = config.minInsyncReplicas().orElse(Math.max(1, copies - 1));
    Map<String, String> all = new HashMap<>(settings);
    all.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    all.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, String.valueOf(inSync));
    all.put(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false");
    all.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(MAX_RECORD_BYTES));
    all.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
    // A record's time is the source's commit time: a source whose clock is ahead is not refused.
    all.put(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, String.valueOf(Long.MAX_VALUE));
    return new NewTopic(name, partitions, (short) copies).configs(all);
  }

  /** Makes topics; one that somebody else made in the meantime is taken as it is. */
  private void create(Collection<NewTopic> topics) {
    for (var made : log.admin().createTopics(topics).values().entrySet()) {
      String name = made.getKey();
      try {
        made.getValue().get();
        LOG.atInfo().addKeyValue("topic", name).log("topic created");
      } catch (ExecutionException e) {
        if (e.getCause() instanceof InvalidTopicException) {
          throw new HeadwaterException(
              FailureCode.LOG_NOT_READY,
              "topic '" + name + "' – the brokers refuse the name: " + e.getCause().getMessage(),
              "Kafka takes '.' and '_' for the same where it compares names: give one of the two"
                  + " tables' connectors another name.",
              e);
        }
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw LogFailures.translate("making topic '" + name + "'", log.address(), e);
        }
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private void requireSound(TopicInfo topic) {
    String policy = topic.config().getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, "");
    if (!policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "topic '"
              + topic.name()
              + "' – cleanup.policy is '"
              + policy
              + "' and must be 'compact', or rows are deleted by age",
          "kafka-configs.sh --alter --topic "
              + topic.name()
              + " --add-config cleanup.policy=compact; rows it has deleted must be loaded again.");
    }
    int copies = config.replicationFactor().orElse(1);
    if (topic.replicationFactor() < copies) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "topic '"
              + topic.name()
              + "' – has "
              + topic.replicationFactor()
              + " copies, and 'log: replication_factor' asks for "
              + copies,
          "Add copies with kafka-reassign-partitions.sh, or lower 'log: replication_factor'.");
    }
    int inSync =
        Integer.parseInt(topic.config().getOrDefault(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "1"));
    if (inSync < config.minInsyncReplicas().orElse(1)) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "topic '"
              + topic.name()
              + "' – min.insync.replicas is "
              + inSync
              + ", and 'log: min_insync_replicas' asks for "
              + config.minInsyncReplicas().orElse(1),
          "kafka-configs.sh --alter --topic "
              + topic.name()
              + " --add-config min.insync.replicas="
              + config.minInsyncReplicas().orElse(1));
    }
  }

  /** The topics of all tables whose schema the log holds, by name. */
  public List<TopicInfo> tables() {
    List<TopicInfo> found = new ArrayList<>();
    new SchemaStore(log)
        .latest().keySet().stream()
            .map(TopicNames::forTable)
            .sorted()
            .forEach(name -> describe(name).ifPresent(found::add));
    return found;
  }

  private int brokers() {
    try {
      return log.admin().describeCluster().nodes().get().size();
    } catch (ExecutionException e) {
      throw LogFailures.translate("counting the brokers", log.address(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static HeadwaterException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new HeadwaterException(
        FailureCode.LOG_OUTCOME_UNKNOWN,
        "log – interrupted while waiting for it",
        "Nothing is known to be wrong with the log; the worker was told to end.",
        e);
  }
}

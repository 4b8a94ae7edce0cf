package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.group.GroupSettings;
import dev.headwater.log.group.MemberName;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the partitions that Kafka's group protocol gives to this worker, each from where its
 * listener says.
 *
 * <p>The group shares partitions out and nothing else: it stores no offset that anything relies on.
 * Tables that appear in the log later are picked up by themselves. Everything but {@link #wakeup}
 * happens on one thread, the listener's calls inside {@link #poll}.
 */
public final class GroupReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupReader.class);
  private static final Duration LOOK_FOR_TABLES_EVERY = Duration.ofSeconds(2);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Told which partitions this worker has. On the polling thread. */
  public interface Listener {
    /**
     * Partitions are this worker's from now on.
     *
     * @return where to start each, inclusive; partitions left out start at their first record
     */
    Map<LogPartition, Long> assigned(Collection<LogPartition> partitions);

    /** Partitions go to another worker after this call returns: finish what is in hand. */
    void revoked(Collection<LogPartition> partitions);

    /** Partitions have gone to another worker already: leave what is in hand. */
    void lost(Collection<LogPartition> partitions);
  }

  private final LogConnection log;
  private final SchemaStore schemas;
  private final Predicate<TableId> wanted;
  private final Listener listener;
  private final String group;
  private final MemberName member;
  private final Map<TopicPartition, LogPartition> known = new HashMap<>();
  private final Set<String> subscribed = new HashSet<>();
  private volatile KafkaConsumer<byte[], byte[]> consumer;
  private boolean looked;
  private long lookedForTables;
  private boolean blind;

  private GroupReader(
      LogConnection log,
      String group,
      SchemaStore schemas,
      Predicate<TableId> wanted,
      Listener listener) {
    this.log = log;
    this.group = group;
    this.schemas = schemas;
    this.wanted = wanted;
    this.listener = listener;
    this.member = MemberName.take(group);
    try {
      this.consumer = Consumers.open(log, GroupSettings.join(group, member.name()));
    } catch (HeadwaterException e) {
      member.close();
      throw e;
    }
  }

  /**
   * Joins a group.
   *
   * @param wanted which tables are read; others in the log are left alone
   */
  public static GroupReader open(
      LogConnection log,
      String group,
      SchemaStore schemas,
      Predicate<TableId> wanted,
      Listener listener) {
    return new GroupReader(log, group, schemas, wanted, listener);
  }

  /**
   * What is there next, partition by partition; empty when nothing came in time.
   *
   * @throws HeadwaterException {@link FailureCode#CHECKPOINT_STALE} if records that were to be read
   *     are gone, or a topic was made anew; {@link FailureCode#LOG_NOT_READY} if a topic's
   *     partitions grew; and whatever the listener threw
   */
  public List<PartitionBatch> poll(Duration timeout) {
    try {
      lookForTables();
      if (subscribed.isEmpty()) {
        Thread.sleep(Math.min(timeout.toMillis(), 200));
        return List.of();
      }
      return Consumers.batches(consumer, timeout, known);
    } catch (WakeupException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    } catch (KafkaException e) {
      if (LogFailures.isFence(e)) {
        rejoin();
        return List.of();
      }
      throw LogFailures.translate("reading", log.address(), e);
    }
  }

  /**
   * The group knows another member by our name. That may be ourselves: where the brokers' answer to
   * a request to join was lost, the request is sent again, and the group takes the second one for
   * the first one's successor (KIP-345: whoever brings a known name and no member id gets a new one
   * and the name). Or it is a copy of this machine, with the file the name is in. So this goes on
   * without a name; who writes a partition meanwhile is the target's to decide.
   */
  private void rejoin() {
    LOG.atWarn()
        .addKeyValue("group", group)
        .log("the group has another member of this worker's name; it joins again without one");
    KafkaConsumer<byte[], byte[]> fenced = consumer;
    consumer = Consumers.open(log, GroupSettings.join(group, Optional.empty()));
    try {
      // The listener is told in here that it has lost what it had.
      fenced.close(GroupSettings.leave());
    } finally {
      consumer.subscribe(subscribed, rebalance());
    }
  }

  private void lookForTables() {
    long now = System.nanoTime();
    if (looked && now - lookedForTables < LOOK_FOR_TABLES_EVERY.toNanos()) {
      return;
    }
    looked = true;
    lookedForTables = now;
    Map<String, List<LogPartition>> found;
    try {
      found = LogPartitions.of(log, schemas, wanted);
      blind = false;
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable()) {
        throw e;
      }
      // What is subscribed to goes on by itself as soon as the brokers are back.
      if (!blind) {
        LOG.atWarn().addKeyValue("error", e.getMessage()).log("cannot look for tables");
      }
      blind = true;
      return;
    }
    found.values().forEach(this::requireUnchanged);
    found.values().forEach(partitions -> partitions.forEach(p -> known.put(kafka(p), p)));
    if (!subscribed.containsAll(found.keySet())) {
      // Never fewer than before: a broker just started may not know of a topic that is there.
      subscribed.addAll(found.keySet());
      consumer.subscribe(subscribed, rebalance());
    }
  }

  private void requireUnchanged(List<LogPartition> topic) {
    LogPartition first = topic.get(0);
    LogPartition before = known.get(kafka(first));
    if (before == null) {
      return;
    }
    if (!before.topicId().equals(first.topicId())) {
      throw new HeadwaterException(
          FailureCode.CHECKPOINT_STALE,
          "topic '" + first.topic() + "' – was made anew while it was read",
          "'headwater rebuild' fills the sink from the log as it is now.");
    }
    if (!known.containsKey(kafka(topic.get(topic.size() - 1)))) {
      throw grown(first.topic());
    }
  }

  private static HeadwaterException grown(String topic) {
    return new HeadwaterException(
        FailureCode.LOG_NOT_READY,
        "topic '" + topic + "' – has more partitions than before: a key may stand in two of them",
        "A topic keeps its partitions for life. Load the table into a topic made anew.");
  }

  private ConsumerRebalanceListener rebalance() {
    return new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Map<LogPartition, Long> starts = listener.assigned(ours(partitions));
        for (TopicPartition partition : partitions) {
          Long start = starts.get(known.get(partition));
          if (start == null) {
            consumer.seekToBeginning(List.of(partition));
          } else {
            consumer.seek(partition, start);
          }
        }
      }

      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        listener.revoked(ours(partitions));
      }

      @Override
      public void onPartitionsLost(Collection<TopicPartition> partitions) {
        listener.lost(ours(partitions));
      }
    };
  }

  private List<LogPartition> ours(Collection<TopicPartition> partitions) {
    List<LogPartition> ours = new ArrayList<>(partitions.size());
    for (TopicPartition partition : partitions) {
      LogPartition one = known.get(partition);
      if (one == null) {
        throw grown(partition.topic());
      }
      ours.add(one);
    }
    return ours;
  }

  /** Goes back (or on) in a partition that this worker has. */
  public void seek(LogPartition partition, long offsetInclusive) {
    consumer.seek(kafka(partition), offsetInclusive);
  }

  /** Goes back to the first record there is, in a partition that this worker has. */
  public void seekToBeginning(LogPartition partition) {
    consumer.seekToBeginning(List.of(kafka(partition)));
  }

  /** Brings nothing of a partition until it is resumed. */
  public void pause(LogPartition partition) {
    consumer.pause(List.of(kafka(partition)));
  }

  /** Brings a partition's records again. */
  public void resume(LogPartition partition) {
    consumer.resume(List.of(kafka(partition)));
  }

  /**
   * Where each of this worker's partitions ends now, exclusive, for readers of what is committed.
   */
  public Map<LogPartition, Long> endOffsets() {
    Map<LogPartition, Long> ends = new HashMap<>();
    try {
      consumer
          .endOffsets(consumer.assignment(), LIMIT)
          .forEach((partition, end) -> ends.put(known.get(partition), end));
    } catch (KafkaException e) {
      throw LogFailures.translate("asking for end offsets", log.address(), e);
    }
    return ends;
  }

  /** How many offsets lie between a partition's position and its end, as the last fetch knew it. */
  public java.util.OptionalLong lag(LogPartition partition) {
    return consumer.currentLag(kafka(partition));
  }

  /** Where a partition is read next; past markers that readers never see. */
  public long position(LogPartition partition) {
    try {
      return consumer.position(kafka(partition), LIMIT);
    } catch (KafkaException e) {
      throw LogFailures.translate("asking for a position", log.address(), e);
    }
  }

  /** Ends a {@link #poll} that waits, from any thread. */
  public void wakeup() {
    consumer.wakeup();
  }

  private static TopicPartition kafka(LogPartition partition) {
    return new TopicPartition(partition.topic(), partition.partition());
  }

  /** Leaves the group, so that its partitions go to others at once. */
  @Override
  public void close() {
    consumer.close(GroupSettings.leave());
    member.close();
  }
}

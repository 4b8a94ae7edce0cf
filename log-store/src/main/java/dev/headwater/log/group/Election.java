package dev.headwater.log.group;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of several processes captures a connector: the one to which Kafka's group protocol gives
 * the one partition of {@code __headwater.positions}, in a group of the connector's own.
 *
 * <p>It only says whose turn it is to begin. That nobody else writes meanwhile is the business of
 * the log's fence, which the new owner puts up first ({@link
 * dev.headwater.log.append.LogAppender#open}): an owner that was stopped, missed and woken up again
 * may still take itself for the owner for a moment, and cannot write. So an owner does not end what
 * it does when the group forgets it (the brokers were away, say), but when it is fenced.
 *
 * <p>A member keeps the partition while it lives: nobody's coming moves it. One that is killed or
 * stands still is missed after six seconds; one that closes is followed at once. A thread of its
 * own speaks to the group; everything else may be called by any thread.
 */
public final class Election implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Election.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long PAUSE_MS = 500;

  private final LogConnection log;
  private final String group;
  private final MemberName member;
  private final Thread thread;
  private boolean ours;
  private boolean closed;
  private @Nullable HeadwaterException refusal;

  private Election(LogConnection log, String connector) {
    this.log = log;
    this.group = "headwater.capture." + connector;
    this.member = MemberName.take(group);
    this.thread = new Thread(this::stand, "headwater/" + connector + "/election");
    thread.setDaemon(true);
  }

  /** Stands for a connector until closed. */
  public static Election stand(LogConnection log, String connector) {
    Election election = new Election(log, connector);
    election.thread.start();
    return election;
  }

  /**
   * Waits until it is this process's turn.
   *
   * @return whether it is; false when the time is over before
   * @throws HeadwaterException if the brokers do not let this process into the group
   */
  public synchronized boolean awaitTurn(Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!ours && !closed) {
      if (refusal != null) {
        throw refusal;
      }
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return ours;
  }

  /**
   * Waits until the group says that another process has the turn; false when it does not in time.
   */
  public synchronized boolean awaitLoss(Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (ours && !closed) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return !ours;
  }

  private void stand() {
    Optional<String> name = member.name();
    while (!isClosed()) {
      try {
        stand(name);
      } catch (FencedInstanceIdException e) {
        // Somebody else bears our name, on a copy of this machine perhaps: then without one.
        name = Optional.empty();
        set(false);
      } catch (HeadwaterException e) {
        set(false);
        LOG.atDebug().addKeyValue("group", group).setCause(e).log("not in the group");
        if (!e.code().isRetriable()) {
          refuse(e);
          return;
        }
        pause();
      } catch (KafkaException e) {
        set(false);
        HeadwaterException failure =
            LogFailures.translate("joining group '" + group + "'", log.address(), e);
        LOG.atDebug().addKeyValue("group", group).setCause(e).log("not in the group");
        if (!(e instanceof RetriableException) && !failure.code().isRetriable()) {
          refuse(failure);
          return;
        }
        pause();
      }
    }
  }

  private void stand(Optional<String> name) {
    // A group over a topic that is not there gives nobody the turn.
    new Topics(log).ensureInternal();
    Map<String, Object> p = new HashMap<>(log.clientProperties());
    p.putAll(GroupSettings.join(group, name));
    p.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    p.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    p.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    try {
      consumer.subscribe(List.of(TopicNames.POSITIONS), new Turn(consumer));
      while (!isClosed()) {
        // Brings nothing, for the partition is paused; it is how a member takes part.
        consumer.poll(POLL);
      }
    } finally {
      consumer.close(GroupSettings.leave());
    }
  }

  /** What the group decides; on the election's thread, inside poll. */
  private final class Turn implements ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer;

    Turn(KafkaConsumer<byte[], byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        partitions.forEach(partition -> consumer.seek(partition, 0));
        consumer.pause(partitions);
        set(true);
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        set(false);
      }
    }
  }

  private synchronized void set(boolean newOurs) {
    if (ours != newOurs) {
      LOG.atInfo().addKeyValue("group", group).addKeyValue("ours", newOurs).log("turn changed");
    }
    ours = newOurs;
    notifyAll();
  }

  private synchronized void refuse(HeadwaterException failure) {
    refusal = failure;
    notifyAll();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized void pause() {
    try {
      if (!closed) {
        wait(PAUSE_MS);
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  /** Leaves the group, so that the next process follows at once; returns when it has. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      ours = false;
      notifyAll();
    }
    try {
      thread.join(6_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    member.close();
  }
}

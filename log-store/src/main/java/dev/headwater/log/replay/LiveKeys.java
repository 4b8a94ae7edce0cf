package dev.headwater.log.replay;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Finds the keys of one partition that have a row, in the log itself and in bounded memory.
 *
 * <p>Keys that are alive are kept while the partition is read from a beginning to its end. When
 * they take more than the budget, the half of them by one more bit of their hash is dropped and
 * found by another pass. The end is the high-water mark at the start of the call; whoever calls has
 * no transaction open on the partition then, and may open one as soon as keys are handed over: no
 * pass reads further.
 *
 * <p>One call, one thread.
 */
public final class LiveKeys {
  /** What a key costs beside its bytes. */
  private static final int KEY_OVERHEAD_BYTES = 88;

  private static final int MOST_BITS = 30;
  private static final Duration POLL = Duration.ofMillis(100);

  /** Longer than brokers let a transaction be open. */
  private static final Duration LONGEST_SILENCE = Duration.ofSeconds(90);

  /** Takes each live key, in no order. */
  @FunctionalInterface
  public interface Receiver {
    /**
     * Takes a key, as an array of its own.
     *
     * @throws InterruptedException to stop
     */
    void key(byte[] key) throws InterruptedException;
  }

  /** Keys whose hash ends in these bits. */
  private record Share(int bits, int count) {
    boolean has(Key key) {
      return (key.hash() & ((1 << count) - 1)) == bits;
    }
  }

  private record Key(byte[] bytes, int hash) {
    static Key of(byte[] bytes) {
      int h = Arrays.hashCode(bytes) * 0x9E3779B9;
      h = (h ^ (h >>> 15)) * 0x85EBCA6B;
      return new Key(bytes, h ^ (h >>> 13));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key that && hash == that.hash && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private final TopicPartition partition;
  private final LogConnection log;
  private final long from;
  private final long budgetBytes;
  private final Deque<Share> shares = new ArrayDeque<>();
  private final Set<Key> alive = new HashSet<>();
  private long aliveBytes;

  private LiveKeys(LogConnection log, String topic, int partition, long from, long budgetBytes) {
    this.log = log;
    this.from = from;
    this.partition = new TopicPartition(topic, partition);
    this.budgetBytes = budgetBytes;
  }

  /**
   * Hands over each key of a partition whose last record is a row.
   *
   * @param from an offset below which no key is alive that has no record behind it; 0 where that is
   *     not known
   * @param budgetBytes about how much memory keys may take at a time
   * @return the end that was read to, exclusive: what is behind it was not looked at
   */
  public static long forEach(
      LogConnection log,
      String topic,
      int partition,
      long from,
      long budgetBytes,
      Receiver receiver)
      throws InterruptedException {
    try {
      return new LiveKeys(log, topic, partition, from, budgetBytes).run(receiver);
    } catch (InterruptException e) {
      Thread.interrupted();
      throw new InterruptedException("interrupted while reading " + topic);
    } catch (KafkaException e) {
      throw LogFailures.translate("reading topic '" + topic + "'", log.address(), e);
    }
  }

  private long run(Receiver receiver) throws InterruptedException {
    long end = end();
    try (KafkaConsumer<byte[], byte[]> consumer = Consumers.open(log, java.util.Map.of())) {
      consumer.assign(List.of(partition));
      shares.push(new Share(0, 0));
      while (!shares.isEmpty()) {
        read(consumer, end, shares.pop());
        for (Key key : alive) {
          receiver.key(key.bytes());
        }
        alive.clear();
        aliveBytes = 0;
      }
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
    }
    return end;
  }

  private void read(KafkaConsumer<byte[], byte[]> consumer, long end, Share whole)
      throws InterruptedException {
    Share share = whole;
    if (from > 0) {
      consumer.seek(partition, from);
    } else {
      consumer.seekToBeginning(List.of(partition));
    }
    long position = consumer.position(partition);
    long moved = System.nanoTime();
    while (position < end) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while reading " + partition);
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.offset() < end) {
          share = take(record, share);
        }
      }
      long now = consumer.position(partition);
      if (now != position) {
        position = now;
        moved = System.nanoTime();
      } else if (System.nanoTime() - moved > LONGEST_SILENCE.toNanos()) {
        throw new HeadwaterException(
            FailureCode.LOG_UNREACHABLE,
            "topic '" + partition.topic() + "' – cannot be read to its end",
            "The brokers end an open transaction by themselves within a minute or so. One that"
                + " hangs longer is found with 'kafka-transactions.sh find-hanging'.");
      }
    }
  }

  private Share take(ConsumerRecord<byte[], byte[]> record, Share share) {
    Key key = Key.of(record.key());
    if (!share.has(key)) {
      return share;
    }
    if (record.value() == null) {
      aliveBytes -= alive.remove(key) ? cost(key) : 0;
    } else if (alive.add(key)) {
      aliveBytes += cost(key);
    }
    return aliveBytes > budgetBytes && share.count() < MOST_BITS ? halve(share) : share;
  }

  /** Keeps the half that can be kept, and leaves the other to another pass. */
  private Share halve(Share share) {
    Share kept = new Share(share.bits(), share.count() + 1);
    shares.push(new Share(share.bits() | 1 << share.count(), share.count() + 1));
    alive.removeIf(key -> !kept.has(key));
    aliveBytes = alive.stream().mapToLong(LiveKeys::cost).sum();
    return kept;
  }

  private static long cost(Key key) {
    return key.bytes().length + KEY_OVERHEAD_BYTES;
  }

  private long end() throws InterruptedException {
    try {
      return log.admin()
          .listOffsets(
              java.util.Map.of(partition, OffsetSpec.latest()),
              new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
          .partitionResult(partition)
          .get()
          .offset();
    } catch (ExecutionException e) {
      throw LogFailures.translate("asking for the end of " + partition, log.address(), e);
    }
  }
}

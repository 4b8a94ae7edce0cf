package dev.headwater.log.append;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Deque;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.internals.ProducerBatch;
import org.apache.kafka.clients.producer.internals.RecordAccumulator;
import org.apache.kafka.clients.producer.internals.Sender;
import org.apache.kafka.clients.producer.internals.TransactionManager;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.AppInfoParser;
import org.jspecify.annotations.Nullable;

/**
 * Puts whole batches where a KafkaProducer keeps those that wait to be sent, behind what it has for
 * the partition already.
 *
 * <p>What makes a write exact stays Kafka's: from here on a batch is like one of its own, with a
 * sequence of the producer's, in its transaction, sent again when it must be, cut in two where the
 * brokers find it too large, and waited for by a commit. The producer has no public way in for a
 * batch; the few private ones that are used are looked up here and nowhere else, when an appender
 * is opened, so another version of kafka-clients without them says so at once.
 *
 * <p>On the appender's thread, but for the callbacks.
 */
final class ProducerQueue {
  /** Its memory is not of the producer's pool, and must not end there. */
  private static final boolean OWN_MEMORY = true;

  private final RecordAccumulator accumulator;
  private final TransactionManager transactions;
  private final Sender sender;
  private final ProducerConfig config;
  private final Compression compression;
  private final Object incomplete;
  private final Method addIncomplete;
  private final Method dequeOf;

  ProducerQueue(KafkaProducer<?, ?> producer) {
    try {
      accumulator = field(producer, "accumulator", RecordAccumulator.class);
      transactions = field(producer, "transactionManager", TransactionManager.class);
      sender = field(producer, "sender", Sender.class);
      config = field(producer, "producerConfig", ProducerConfig.class);
      compression = field(producer, "compression", Compression.class);
      incomplete = field(accumulator, "incomplete", Object.class);
      addIncomplete = open(incomplete.getClass().getMethod("add", ProducerBatch.class));
      dequeOf =
          open(RecordAccumulator.class.getDeclaredMethod("getOrCreateDeque", TopicPartition.class));
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw new HeadwaterException(
          FailureCode.INTERNAL,
          "log – kafka-clients "
              + AppInfoParser.getVersion()
              + " is not built as Headwater knows it",
          "Put the version that Headwater was built with on the classpath; nothing was written.",
          e);
    }
  }

  /** The producer's settings. */
  ProducerConfig config() {
    return config;
  }

  Compression compression() {
    return compression;
  }

  /**
   * Hands a batch over, to be sent at once.
   *
   * @param done called once, by the producer's thread, when the brokers have its first record or
   *     refused it
   * @throws RuntimeException as {@link KafkaProducer#send} does, when no transaction is open or the
   *     producer has failed
   */
  void put(TopicPartition partition, SealedBatch batch, Callback done) {
    long now = System.currentTimeMillis();
    ProducerBatch queued = new ProducerBatch(partition, batch, now, OWN_MEMORY);
    count(queued, batch, done, now);
    Deque<ProducerBatch> deque = deque(partition);
    synchronized (deque) {
      ProducerBatch last = deque.peekLast();
      if (last != null) {
        last.closeForRecordAppends();
      }
      deque.addLast(queued);
      invoke(addIncomplete, incomplete, queued);
    }
    // The sender leaves a partition alone until it is part of the transaction.
    transactions.maybeAddPartition(partition);
    sender.wakeup();
  }

  /**
   * Tells the producer of each record: its answer, which is needed when the batch is cut in two.
   */
  private static void count(ProducerBatch queued, SealedBatch batch, Callback done, long now) {
    @Nullable Callback callback = done;
    for (int i = 0; i < batch.numRecords(); i++) {
      queued.tryAppend(batch.latestTimestamp(), null, null, Record.EMPTY_HEADERS, callback, now);
      callback = null;
    }
  }

  @SuppressWarnings("unchecked") // What the method is declared to return.
  private Deque<ProducerBatch> deque(TopicPartition partition) {
    return (Deque<ProducerBatch>) invoke(dequeOf, accumulator, partition);
  }

  private static Object invoke(Method method, Object on, Object argument) {
    try {
      return method.invoke(on, argument);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(method + " failed", e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(method + " was opened", e);
    }
  }

  private static <T> T field(Object of, String name, Class<T> type)
      throws ReflectiveOperationException {
    Field field = open(of.getClass().getDeclaredField(name));
    return type.cast(field.get(of));
  }

  private static <M extends AccessibleObject> M open(M member) {
    member.setAccessible(true);
    return member;
  }
}

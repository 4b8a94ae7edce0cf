package dev.headwater.log.append;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.connection.LogFailures;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import dev.headwater.log.position.SourcePositionJson;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.schema.TableSchemaJson;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one writer of a connector: puts rows, schemas, snapshot marks and the position behind them
 * into the log, together or not at all.
 *
 * <p>Everything appended since the last {@link #commit} becomes visible to {@code read_committed}
 * readers with the next one, and only then. The transactional id is fixed per connector, so opening
 * an appender fences the one before it, wherever that runs: its open transaction is aborted and
 * whatever it still sends is refused (Kafka, KIP-98).
 *
 * <p>Belongs to one thread at a time. After any exception the appender is dead: what it had not
 * committed is gone, or, where the outcome of a commit is unknown, is found out by opening the next
 * appender and reading the position behind its fence.
 */
public final class LogAppender implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogAppender.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  private static final int MOST_LOOKED_UP_AT_ONCE = 32;
  private static final byte[] NO_VALUE = {};

  private final String connector;
  private final LogConnection log;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Ownership ownership;
  private final RowBatches rows;
  private final Map<String, Callback> callbacks = new HashMap<>();

  /** The first failure of a send; written by the producer's thread, read by ours. */
  private final AtomicReference<@Nullable SendFailure> sendFailure = new AtomicReference<>();

  private Optional<SourcePosition> position = Optional.empty();
  private long seq;
  private boolean inTransaction;
  private boolean dead;

  private record SendFailure(String topic, Exception error) {}

  private LogAppender(LogConnection log, String connector) {
    this.connector = connector;
    this.log = log;
    this.ownership = new Ownership(connector);
    this.producer =
        new KafkaProducer<>(
            properties(log, connector), new ByteArraySerializer(), new ByteArraySerializer());
    try {
      this.rows = new RowBatches(producer, this::callback);
    } catch (RuntimeException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  /**
   * Fences every earlier appender of the connector, then reads the position it left. Makes
   * Headwater's own topics where they are missing.
   *
   * @throws HeadwaterException if the log cannot be reached, or holds a position of a newer format
   */
  public static LogAppender open(LogConnection log, String connector) {
    new Topics(log).ensureInternal();
    LogAppender appender;
    try {
      appender = new LogAppender(log, connector);
    } catch (KafkaException e) {
      throw LogFailures.translate("taking over connector '" + connector + "'", log.address(), e);
    }
    try {
      appender.takeOver();
      return appender;
    } catch (RuntimeException e) {
      appender.dead = true;
      appender.producer.close(Duration.ZERO);
      throw LogFailures.translate("taking over connector '" + connector + "'", log.address(), e);
    }
  }

  private void takeOver() {
    producer.initTransactions();
    // Behind the fence nothing can be added by others any more, and what the former appender had
    // open is settled: the brokers answer only after its transaction's end stands in every topic.
    producer.beginTransaction();
    producer.send(ownership.claim());
    producer.commitTransaction();
    byte[] stored = CompactedTopic.readExisting(log, TopicNames.POSITIONS).get(connector);
    position = Optional.ofNullable(stored).map(SourcePositionJson::parse);
    seq = position.map(SourcePosition::seq).orElse(0L);
  }

  private static Map<String, Object> properties(LogConnection log, String connector) {
    Map<String, Object> p = log.clientProperties();
    p.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 5);
    p.putIfAbsent(ProducerConfig.BATCH_SIZE_CONFIG, 512 << 10);
    p.putIfAbsent(ProducerConfig.BUFFER_MEMORY_CONFIG, 96L << 20);
    // Of a batch that does not go into the socket whole, Java copies the rest at each attempt: the
    // system's own buffer (-1) grows as needed, where the client's is a quarter of a batch.
    p.putIfAbsent(ProducerConfig.SEND_BUFFER_CONFIG, -1);
    p.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    p.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_RECORD_BYTES);
    p.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, 30_000);
    p.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 45_000);
    p.putIfAbsent(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 15_000);
    // A killed process leaves its transaction open for this long where no successor fences it.
    p.putIfAbsent(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 60_000);
    p.put(ProducerConfig.ACKS_CONFIG, "all");
    p.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    // The partition of a key is what Kafka's own clients make of it, for everybody who reads.
    p.remove(ProducerConfig.PARTITIONER_CLASS_CONFIG);
    p.put(ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG, false);
    p.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "headwater-" + connector);
    p.put(ProducerConfig.CLIENT_ID_CONFIG, "headwater-" + connector);
    return p;
  }

  /** The position the log held when this appender took over; empty before the first one. */
  public Optional<SourcePosition> position() {
    return position;
  }

  /** The last sequence number given to a record. */
  public long seq() {
    return seq;
  }

  /**
   * Finds out where topics are before the first rows for them come: asked one by one, each would
   * keep the stream waiting for the brokers. What is not found out in time is asked again then. May
   * be called by any thread while the appender is open.
   */
  public void lookUp(Collection<String> topics) {
    List<Future<?>> asked = new ArrayList<>();
    // The producer asks for one topic a call, and puts calls that wait together into one request.
    ExecutorService asking =
        Executors.newFixedThreadPool(Math.max(1, Math.min(topics.size(), MOST_LOOKED_UP_AT_ONCE)));
    try {
      topics.forEach(topic -> asked.add(asking.submit(() -> producer.partitionsFor(topic))));
      for (Future<?> answer : asked) {
        answer.get();
      }
    } catch (ExecutionException e) {
      LOG.atDebug().addKeyValue("connector", connector).setCause(e).log("a topic was not found");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      asking.shutdownNow();
    }
  }

  /**
   * Appends one row or tombstone, with the next sequence number. Returns before it is sent: rows go
   * when there are many, and with the commit.
   *
   * @throws HeadwaterException if this or an earlier record could not be written: {@link
   *     FailureCode#CHANGE_NOT_WRITABLE} for one that is too large
   */
  public void appendRow(TopicInfo topic, RowRecord row) {
    byte[] value = row.value();
    if (value == null) {
      appendRow(topic, row, NO_VALUE, 0, -1);
    } else {
      appendRow(topic, row, value, 0, value.length);
    }
  }

  /**
   * Like {@link #appendRow(TopicInfo, RowRecord)}, with a value that is part of a larger array.
   *
   * @param row all but its value
   * @param in the array, which is read before this returns
   * @param length of the value; -1 for a tombstone
   */
  public void appendRow(TopicInfo topic, RowRecord row, byte[] in, int from, int length) {
    begin();
    try {
      rows.add(topic.name(), seq + 1, row, in, from, length);
    } catch (RuntimeException e) {
      throw notWritten(writingTo(topic.name()), e);
    }
    seq++;
    requireSent();
  }

  /** Appends a version of a table's schema; before the first row that follows it. */
  public void appendSchema(TableSchema schema) {
    send(
        new ProducerRecord<>(
            TopicNames.SCHEMAS, TableSchemaJson.key(schema), TableSchemaJson.write(schema)));
  }

  /** Appends how far a table's load is. */
  public void appendSnapshotState(String key, byte[] state) {
    send(new ProducerRecord<>(TopicNames.SNAPSHOTS, key.getBytes(StandardCharsets.UTF_8), state));
  }

  /**
   * Commits everything appended since the last commit, with the position behind it; returns when
   * the brokers have it all.
   *
   * @param running how far into the next transaction the rows reach; null at a unit's end
   * @throws HeadwaterException {@link FailureCode#LOG_OUTCOME_UNKNOWN} if only the next appender
   *     can tell whether it happened; {@link FailureCode#FENCED} if another appender has taken
   *     over; else what kept a record from being written, and nothing is committed
   */
  public void commit(SourceIdentity source, Lsn endLsn, @Nullable RunningTransaction running) {
    commit(source, endLsn, running, List.of());
  }

  /**
   * Like {@link #commit(SourceIdentity, Lsn, RunningTransaction)}, with what else the position
   * says.
   *
   * @param delivered see {@link SourcePosition}
   */
  public void commit(
      SourceIdentity source,
      Lsn endLsn,
      @Nullable RunningTransaction running,
      List<Long> delivered) {
    begin();
    try {
      rows.sealAll();
    } catch (RuntimeException e) {
      throw notWritten("handing over the rows of connector '" + connector + "'", e);
    }
    SourcePosition after = new SourcePosition(source, endLsn, running, seq, delivered);
    send(
        new ProducerRecord<>(
            TopicNames.POSITIONS,
            connector.getBytes(StandardCharsets.UTF_8),
            SourcePositionJson.write(after)));
    try {
      producer.commitTransaction();
      inTransaction = false;
    } catch (RuntimeException e) {
      dead = true;
      SendFailure sent = sendFailure.get();
      if (sent != null) {
        throw translate(writingTo(sent.topic()), sent.error());
      }
      if (LogFailures.isFence(e) || LogFailures.isTooLarge(e)) {
        throw translate("committing for connector '" + connector + "'", e);
      }
      throw outcomeUnknown("a commit was not answered: " + e.getMessage(), e);
    }
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    begin();
    try {
      producer.send(record, callback(record.topic()));
    } catch (RuntimeException e) {
      throw notWritten(writingTo(record.topic()), e);
    }
    requireSent();
  }

  private void begin() {
    requireAlive();
    if (!inTransaction) {
      try {
        producer.beginTransaction();
      } catch (RuntimeException e) {
        throw notWritten("beginning a transaction of connector '" + connector + "'", e);
      }
      inTransaction = true;
    }
  }

  private HeadwaterException notWritten(String what, RuntimeException error) {
    dead = true;
    SendFailure earlier = sendFailure.get();
    return earlier == null
        ? translate(what, error)
        : translate(writingTo(earlier.topic()), earlier.error());
  }

  private void requireSent() {
    SendFailure failed = sendFailure.get();
    if (failed != null) {
      dead = true;
      throw translate(writingTo(failed.topic()), failed.error());
    }
  }

  private static String writingTo(String topic) {
    return "writing to topic '" + topic + "'";
  }

  /** One for each topic: there may be many records, and many batches of rows. */
  private Callback callback(String topic) {
    Callback known = callbacks.get(topic);
    if (known == null) {
      known =
          (metadata, error) -> {
            if (error != null) {
              sendFailure.compareAndSet(null, new SendFailure(topic, error));
            }
          };
      callbacks.put(topic, known);
    }
    return known;
  }

  private HeadwaterException translate(String what, Exception error) {
    if (LogFailures.isFence(error) && ownership.isStillOurs(log)) {
      return outcomeUnknown("the brokers ended a transaction that stood open too long", error);
    }
    return LogFailures.translate(what, log.address(), error);
  }

  private HeadwaterException outcomeUnknown(String why, Exception cause) {
    return new HeadwaterException(
        FailureCode.LOG_OUTCOME_UNKNOWN,
        "log at " + log.address() + " – " + why,
        "Capture takes over from itself and reads the position; nothing is written twice.",
        cause);
  }

  private void requireAlive() {
    if (dead) {
      throw new IllegalStateException(
          "the appender of '" + connector + "' has failed or is closed, and cannot be used again");
    }
  }

  /** Aborts what was not committed, as far as the brokers can be told in a few seconds. */
  @Override
  public void close() {
    boolean failed = dead;
    dead = true;
    rows.discard();
    // The producer itself aborts an open transaction while it closes, where it still can.
    producer.close(failed ? Duration.ZERO : CLOSE_TIMEOUT);
  }
}

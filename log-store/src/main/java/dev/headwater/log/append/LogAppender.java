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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

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
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  private static final int MAX_RECORD_BYTES = 64 << 20;

  private final String connector;
  private final LogConnection log;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Optional<SourcePosition> position;
  private final AtomicReference<@Nullable Exception> sendFailure = new AtomicReference<>();
  private final RecordHeaders headers = new RecordHeaders();
  private long seq;
  private boolean inTransaction;
  private boolean dead;

  private LogAppender(
      String connector,
      LogConnection log,
      KafkaProducer<byte[], byte[]> producer,
      Optional<SourcePosition> position) {
    this.connector = connector;
    this.log = log;
    this.producer = producer;
    this.position = position;
    this.seq = position.map(SourcePosition::seq).orElse(0L);
  }

  /**
   * Fences every earlier appender of the connector, then reads the position it left.
   *
   * @throws HeadwaterException if the log cannot be reached, or holds a position of a newer format
   */
  public static LogAppender open(LogConnection log, String connector) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            properties(log, connector), new ByteArraySerializer(), new ByteArraySerializer());
    try {
      producer.initTransactions();
      // Behind the fence nothing can be added any more, and an open transaction is settled.
      byte[] stored = CompactedTopic.read(log, TopicNames.POSITIONS).get(connector);
      Optional<SourcePosition> position =
          Optional.ofNullable(stored).map(SourcePositionJson::parse);
      return new LogAppender(connector, log, producer, position);
    } catch (KafkaException e) {
      producer.close(Duration.ZERO);
      throw LogFailures.translate("taking over connector '" + connector + "'", log.address(), e);
    } catch (RuntimeException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  private static Map<String, Object> properties(LogConnection log, String connector) {
    Map<String, Object> p = log.clientProperties();
    p.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 5);
    p.putIfAbsent(ProducerConfig.BATCH_SIZE_CONFIG, 512 << 10);
    p.putIfAbsent(ProducerConfig.BUFFER_MEMORY_CONFIG, 96L << 20);
    p.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    p.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_RECORD_BYTES);
    p.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, 30_000);
    p.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 45_000);
    p.putIfAbsent(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 15_000);
    // A killed process leaves its transaction open for this long where no successor fences it.
    p.putIfAbsent(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 60_000);
    p.put(ProducerConfig.ACKS_CONFIG, "all");
    p.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
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

  /** Appends one row or tombstone, with the next sequence number. Returns before it is sent. */
  public void appendRow(TopicInfo topic, RowRecord row) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topic.name(), null, row.tsMs() > 0 ? row.tsMs() : null, row.key(), row.value());
    headers.write(record.headers(), ++seq, row);
    send(record);
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
   */
  public void commit(SourceIdentity source, Lsn endLsn, @Nullable RunningTransaction running) {
    SourcePosition after = new SourcePosition(source, endLsn, running, seq);
    send(
        new ProducerRecord<>(
            TopicNames.POSITIONS,
            connector.getBytes(StandardCharsets.UTF_8),
            SourcePositionJson.write(after)));
    try {
      producer.commitTransaction();
      inTransaction = false;
    } catch (TimeoutException e) {
      throw die(
          new HeadwaterException(
              FailureCode.LOG_OUTCOME_UNKNOWN,
              "log at " + log.address() + " – a commit was not answered in time",
              "Capture takes over from itself and reads the position; nothing is written twice.",
              e));
    } catch (KafkaException e) {
      Exception sent = sendFailure.get();
      throw die(
          LogFailures.translate(
              "committing for connector '" + connector + "'",
              log.address(),
              sent == null ? e : sent));
    }
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    requireAlive();
    try {
      if (!inTransaction) {
        producer.beginTransaction();
        inTransaction = true;
      }
      producer.send(
          record,
          (metadata, error) -> {
            if (error != null) {
              sendFailure.compareAndSet(null, error);
            }
          });
    } catch (KafkaException e) {
      throw die(
          LogFailures.translate("writing to topic '" + record.topic() + "'", log.address(), e));
    }
    Exception failed = sendFailure.get();
    if (failed != null) {
      throw die(
          LogFailures.translate(
              "writing for connector '" + connector + "'", log.address(), failed));
    }
  }

  private void requireAlive() {
    if (dead) {
      throw new IllegalStateException(
          "the appender of '" + connector + "' has failed and cannot be used again");
    }
  }

  private HeadwaterException die(HeadwaterException failure) {
    dead = true;
    return failure;
  }

  /** Aborts what was not committed, as far as the brokers can be told in a few seconds. */
  @Override
  public void close() {
    dead = true;
    producer.close(CLOSE_TIMEOUT);
  }
}

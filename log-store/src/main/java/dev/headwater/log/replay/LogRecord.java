package dev.headwater.log.replay;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * One record of a table's topic, as it was appended.
 *
 * <p>Its headers are read at once and kept as numbers: what Kafka made of them, several times a
 * small row's size, then dies young, however long the record waits for its target. Belongs to one
 * thread at a time; its arrays must not be written to.
 */
public final class LogRecord {
  private static final byte[] NONE = new byte[0];

  /** What every record has, in the order in which the contract lists it and it is written. */
  private static final String[] ORDER = {"seq", "op", "lsn", "txid", "ts_ms", "schema"};

  private final String topic;
  private final int partition;
  private final long offset;
  private final long timestamp;
  private final byte[] key;
  private final byte @Nullable [] value;
  private boolean isMalformed;
  private long seq = -1;
  private char op = '?';
  private byte[] lsn = NONE;
  private long txid;
  private long tsMs;
  private int schemaVersion;
  private byte @Nullable [] nulls;

  public LogRecord(ConsumerRecord<byte[], byte[]> record) {
    this.topic = record.topic();
    this.partition = record.partition();
    this.offset = record.offset();
    this.timestamp = record.timestamp();
    this.key = record.key();
    this.value = record.value();
    readHeaders(record);
  }

  /** Where it stands in its partition. */
  public long offset() {
    return offset;
  }

  /** Canonical key bytes. */
  public byte[] key() {
    return key;
  }

  /** The row's JSON, or null for a tombstone. */
  public byte @Nullable [] value() {
    return value;
  }

  /** Whether it says that the row is gone. */
  public boolean isTombstone() {
    return value == null;
  }

  /** Kafka's time of the record: the source's commit time where it was known, epoch ms. */
  public long timestamp() {
    return timestamp;
  }

  /**
   * The version that sinks compare: rises with every record of a connector.
   *
   * @throws HeadwaterException {@link FailureCode#RECORD_REFUSED} if the record has none: a record
   *     without a version, written by something else, would be applied in no order at all
   */
  public long seq() {
    requireWellFormed();
    if (seq < 0) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "topic '"
              + topic
              + "' – the record at offset "
              + offset
              + " of partition "
              + partition
              + " has no 'seq' header",
          "Headwater did not write it. Only Headwater may write to the tables' topics.");
    }
    return seq;
  }

  /** {@code r}, {@code c}, {@code u}, {@code d} or {@code t}; {@code ?} when it was not written. */
  public char op() {
    requireWellFormed();
    return op;
  }

  /** Where the change stands in the source, as PostgreSQL prints it. */
  public String lsn() {
    requireWellFormed();
    return new String(lsn, StandardCharsets.US_ASCII);
  }

  /** The source transaction; 0 when there is none. */
  public long txid() {
    requireWellFormed();
    return txid;
  }

  /** When it was committed at the source, epoch milliseconds; 0 when not known. */
  public long tsMs() {
    requireWellFormed();
    return tsMs;
  }

  /** The version of the table's schema that the value follows. */
  public int schemaVersion() {
    requireWellFormed();
    return schemaVersion;
  }

  /** Columns whose JSON value is null while SQL's is not, as a JSON array of names. */
  public Optional<String> nulls() {
    requireWellFormed();
    return nulls == null
        ? Optional.empty()
        : Optional.of(new String(nulls, StandardCharsets.UTF_8));
  }

  private void readHeaders(ConsumerRecord<byte[], byte[]> record) {
    Header[] headers = record.headers().toArray();
    int first = 0;
    if (isInOrder(headers)) {
      for (int i = 0; i < ORDER.length; i++) {
        read(ORDER[i], headers[i].value());
      }
      first = ORDER.length;
    }
    for (int i = first; i < headers.length; i++) {
      read(headers[i].key(), headers[i].value());
    }
  }

  /**
   * Whether the headers are those that Headwater writes, of which the first and the last tell:
   * making a text of each name, of each record, is a fifth of what reading a log costs.
   */
  private static boolean isInOrder(Header[] headers) {
    int last = ORDER.length - 1;
    return headers.length > last
        && headers[0].key().equals(ORDER[0])
        && headers[last].key().equals(ORDER[last]);
  }

  private void read(String name, byte @Nullable [] text) {
    if (text == null || text.length == 0) {
      return;
    }
    switch (name) {
      case "seq" -> seq = number(text);
      case "op" -> op = (char) text[0];
      case "lsn" -> lsn = text;
      case "txid" -> txid = number(text);
      case "ts_ms" -> tsMs = number(text);
      case "schema" -> schemaVersion = (int) number(text);
      case "nulls" -> nulls = text;
      default -> {
        // A later version, or somebody's interceptor, may add headers; they are not ours to read.
      }
    }
  }

  private long number(byte[] digits) {
    long number = 0;
    for (byte digit : digits) {
      isMalformed |= digit < '0' || digit > '9';
      number = number * 10 + (digit - '0');
    }
    return number;
  }

  /** Who asks is told, not who read on: a reader must come past such a record to say so. */
  private void requireWellFormed() {
    if (isMalformed) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "topic '" + topic + "' – a header of the record at offset " + offset + " is not a number",
          "Headwater did not write it. Only Headwater may write to the tables' topics.");
    }
  }
}

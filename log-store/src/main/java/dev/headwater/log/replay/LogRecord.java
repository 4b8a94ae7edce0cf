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
 * <p>Its headers are gone through once, when the first of them is asked for, and kept as numbers.
 * Belongs to one thread at a time; its arrays must not be written to.
 */
public final class LogRecord {
  private static final byte[] NONE = new byte[0];

  private final ConsumerRecord<byte[], byte[]> record;
  private boolean headersRead;
  private long seq = -1;
  private char op = '?';
  private byte[] lsn = NONE;
  private long txid;
  private long tsMs;
  private int schemaVersion;
  private byte @Nullable [] nulls;

  public LogRecord(ConsumerRecord<byte[], byte[]> record) {
    this.record = record;
  }

  /** Where it stands in its partition. */
  public long offset() {
    return record.offset();
  }

  /** Canonical key bytes. */
  public byte[] key() {
    return record.key();
  }

  /** The row's JSON, or null for a tombstone. */
  public byte @Nullable [] value() {
    return record.value();
  }

  /** Whether it says that the row is gone. */
  public boolean isTombstone() {
    return record.value() == null;
  }

  /** Kafka's time of the record: the source's commit time where it was known, epoch ms. */
  public long timestamp() {
    return record.timestamp();
  }

  /**
   * The version that sinks compare: rises with every record of a connector.
   *
   * @throws HeadwaterException {@link FailureCode#RECORD_REFUSED} if the record has none: a record
   *     without a version, written by something else, would be applied in no order at all
   */
  public long seq() {
    readHeaders();
    if (seq < 0) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "topic '"
              + record.topic()
              + "' – the record at offset "
              + record.offset()
              + " of partition "
              + record.partition()
              + " has no 'seq' header",
          "Headwater did not write it. Only Headwater may write to the tables' topics.");
    }
    return seq;
  }

  /** {@code r}, {@code c}, {@code u}, {@code d} or {@code t}; {@code ?} when it was not written. */
  public char op() {
    readHeaders();
    return op;
  }

  /** Where the change stands in the source, as PostgreSQL prints it. */
  public String lsn() {
    readHeaders();
    return new String(lsn, StandardCharsets.US_ASCII);
  }

  /** The source transaction; 0 when there is none. */
  public long txid() {
    readHeaders();
    return txid;
  }

  /** When it was committed at the source, epoch milliseconds; 0 when not known. */
  public long tsMs() {
    readHeaders();
    return tsMs;
  }

  /** The version of the table's schema that the value follows. */
  public int schemaVersion() {
    readHeaders();
    return schemaVersion;
  }

  /** Columns whose JSON value is null while SQL's is not, as a JSON array of names. */
  public Optional<String> nulls() {
    readHeaders();
    return nulls == null
        ? Optional.empty()
        : Optional.of(new String(nulls, StandardCharsets.UTF_8));
  }

  private void readHeaders() {
    if (headersRead) {
      return;
    }
    headersRead = true;
    for (Header header : record.headers()) {
      byte[] value = header.value();
      if (value == null || value.length == 0) {
        continue;
      }
      switch (header.key()) {
        case "seq" -> seq = number(value);
        case "op" -> op = (char) value[0];
        case "lsn" -> lsn = value;
        case "txid" -> txid = number(value);
        case "ts_ms" -> tsMs = number(value);
        case "schema" -> schemaVersion = (int) number(value);
        case "nulls" -> nulls = value;
        default -> {
          // A later version, or somebody's interceptor, may add headers; they are not ours to read.
        }
      }
    }
  }

  private long number(byte[] digits) {
    long value = 0;
    for (byte digit : digits) {
      if (digit < '0' || digit > '9') {
        throw new HeadwaterException(
            FailureCode.RECORD_REFUSED,
            "topic '"
                + record.topic()
                + "' – a header of the record at offset "
                + record.offset()
                + " is not a number",
            "Headwater did not write it. Only Headwater may write to the tables' topics.");
      }
      value = value * 10 + (digit - '0');
    }
    return value;
  }
}

package dev.headwater.log.replay;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * One record of a table's topic, as it was appended.
 *
 * <p>Headers are read when asked for. Immutable; its arrays must not be written to.
 */
public final class LogRecord {
  private final ConsumerRecord<byte[], byte[]> record;

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

  /** The version that sinks compare: rises with every record of a connector. */
  public long seq() {
    return number("seq");
  }

  /** {@code r}, {@code c}, {@code u}, {@code d} or {@code t}; {@code ?} when it was not written. */
  public char op() {
    byte[] value = header("op");
    return value == null || value.length == 0 ? '?' : (char) value[0];
  }

  /** Where the change stands in the source, as PostgreSQL prints it. */
  public String lsn() {
    byte[] value = header("lsn");
    return value == null ? "" : new String(value, StandardCharsets.US_ASCII);
  }

  /** The source transaction; 0 when there is none. */
  public long txid() {
    return number("txid");
  }

  /** When it was committed at the source, epoch milliseconds; 0 when not known. */
  public long tsMs() {
    return number("ts_ms");
  }

  /** The version of the table's schema that the value follows. */
  public int schemaVersion() {
    return (int) number("schema");
  }

  /** Columns whose JSON value is null while SQL's is not, as a JSON array of names. */
  public Optional<String> nulls() {
    byte[] value = header("nulls");
    return value == null
        ? Optional.empty()
        : Optional.of(new String(value, StandardCharsets.UTF_8));
  }

  private byte @Nullable [] header(String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : header.value();
  }

  private long number(String name) {
    byte[] digits = header(name);
    if (digits == null) {
      return 0;
    }
    long value = 0;
    for (byte digit : digits) {
      value = value * 10 + (digit - '0');
    }
    return value;
  }
}

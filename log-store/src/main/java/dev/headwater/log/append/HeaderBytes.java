package dev.headwater.log.append;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A record's headers as bytes of Kafka's record format, in the order the contract lists them: seq,
 * op, lsn, txid, ts_ms, schema, nulls.
 *
 * <p>Rows of one chunk differ in {@code seq} alone, rows of one transaction in little more, so what
 * stands behind {@code seq} is kept from one record to the next. On the appender's thread.
 */
final class HeaderBytes {
  private static final byte[] SEQ = name("seq");
  private static final byte[] OP = name("op");
  private static final byte[] LSN = name("lsn");
  private static final byte[] TXID = name("txid");
  private static final byte[] TS_MS = name("ts_ms");
  private static final byte[] SCHEMA = name("schema");
  private static final byte[] NULLS = name("nulls");
  private static final int USUAL = 6;
  private static final int LONGEST_NUMBER = 20;

  /** The count of headers and {@code seq}. */
  private final RecordBuffer head = new RecordBuffer(64);

  /** {@code op} to {@code schema}. */
  private final RecordBuffer shared = new RecordBuffer(128);

  private final RecordBuffer nulls = new RecordBuffer(64);
  private final Digits seq = new Digits();
  private final Digits other = new Digits();
  private char op;
  private long lsn;
  private long txid;
  private long tsMs;
  private int schema;

  /** Takes the headers of the next record. */
  void of(long number, RowRecord row) {
    boolean hasNulls = row.nulls() != null;
    seq.set(number);
    head.reset();
    head.varint(hasNulls ? USUAL + 1 : USUAL);
    digits(head, SEQ, seq);
    if (shared.size() == 0
        || row.op() != op
        || row.lsn().value() != lsn
        || row.txid() != txid
        || row.tsMs() != tsMs
        || row.schemaVersion() != schema) {
      share(row);
    }
    nulls.reset();
    if (hasNulls) {
      text(nulls, NULLS, row.nulls().getBytes(StandardCharsets.UTF_8));
    }
  }

  private void share(RowRecord row) {
    if ("rcudt".indexOf(row.op()) < 0) {
      throw new IllegalArgumentException("not an operation: '" + row.op() + "'");
    }
    shared.reset();
    text(shared, OP, new byte[] {(byte) row.op()});
    text(shared, LSN, row.lsn().toString().getBytes(StandardCharsets.US_ASCII));
    number(shared, TXID, row.txid());
    number(shared, TS_MS, row.tsMs());
    number(shared, SCHEMA, row.schemaVersion());
    op = row.op();
    lsn = row.lsn().value();
    txid = row.txid();
    tsMs = row.tsMs();
    schema = row.schemaVersion();
  }

  /** How many bytes the headers take. */
  int size() {
    return head.size() + shared.size() + nulls.size();
  }

  void writeTo(RecordBuffer record) {
    record.write(head);
    record.write(shared);
    record.write(nulls);
  }

  private void number(RecordBuffer to, byte[] name, long value) {
    other.set(value);
    digits(to, name, other);
  }

  private static void digits(RecordBuffer to, byte[] name, Digits digits) {
    header(to, name, digits.bytes, digits.from, digits.length());
  }

  private static void text(RecordBuffer to, byte[] name, byte[] value) {
    header(to, name, value, 0, value.length);
  }

  private static void header(RecordBuffer to, byte[] name, byte[] value, int from, int length) {
    to.write(name, 0, name.length);
    to.varint(length);
    to.write(value, from, length);
  }

  /** A header's name behind its length. */
  private static byte[] name(String text) {
    byte[] name = text.getBytes(StandardCharsets.US_ASCII);
    RecordBuffer buffer = new RecordBuffer(name.length + 1);
    buffer.varint(name.length);
    buffer.write(name, 0, name.length);
    return Arrays.copyOf(buffer.array(), buffer.size());
  }

  /** A number as text, of which the next one is made by counting up. */
  private static final class Digits {
    private final byte[] bytes = new byte[LONGEST_NUMBER];
    private int from = LONGEST_NUMBER;
    private long value = -1;

    int length() {
      return LONGEST_NUMBER - from;
    }

    void set(long number) {
      if (number < 0) {
        throw new IllegalArgumentException("a header's number is negative: " + number);
      }
      if (number != value + 1 || !countUp()) {
        write(number);
      }
      value = number;
    }

    /** False, with the number to be written anew, where all digits are nines. */
    private boolean countUp() {
      for (int i = LONGEST_NUMBER - 1; i >= from; i--) {
        if (bytes[i] != '9') {
          bytes[i]++;
          return true;
        }
        bytes[i] = '0';
      }
      return false;
    }

    private void write(long number) {
      from = LONGEST_NUMBER;
      long rest = number;
      do {
        bytes[--from] = (byte) ('0' + rest % 10);
        rest /= 10;
      } while (rest > 0);
    }
  }
}

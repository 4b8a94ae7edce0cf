package dev.headwater.log.append;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Makes a record's headers, in the order the contract lists them: seq, op, lsn, txid, ts_ms,
 * schema, nulls.
 *
 * <p>What the rows of one change or transaction share is made once and used again. On the
 * appender's thread.
 */
final class RecordHeaders {
  private static final Header[] OPERATIONS = new Header[128];

  static {
    for (char op : new char[] {'r', 'c', 'u', 'd', 't'}) {
      OPERATIONS[op] = new RecordHeader("op", new byte[] {(byte) op});
    }
  }

  private long lsnValue = 0;
  private Header lsn = new RecordHeader("lsn", ascii("0/0"));
  private final Number txid = new Number("txid");
  private final Number tsMs = new Number("ts_ms");
  private final Number schema = new Number("schema");
  private final Header[] usual = new Header[6];
  private final List<Header> usualList = Arrays.asList(usual);

  /** The headers of a record; the list is valid until the next call. */
  List<Header> of(long seq, RowRecord row) {
    if (row.lsn().value() != lsnValue) {
      lsnValue = row.lsn().value();
      lsn = new RecordHeader("lsn", ascii(row.lsn().toString()));
    }
    usual[0] = new RecordHeader("seq", digits(seq));
    usual[1] = operation(row.op());
    usual[2] = lsn;
    usual[3] = txid.of(row.txid());
    usual[4] = tsMs.of(row.tsMs());
    usual[5] = schema.of(row.schemaVersion());
    if (row.nulls() == null) {
      return usualList;
    }
    List<Header> headers = new ArrayList<>(usualList);
    headers.add(new RecordHeader("nulls", row.nulls().getBytes(StandardCharsets.UTF_8)));
    return headers;
  }

  private static Header operation(char op) {
    Header known = op < OPERATIONS.length ? OPERATIONS[op] : null;
    if (known == null) {
      throw new IllegalArgumentException("not an operation: '" + op + "'");
    }
    return known;
  }

  /** One header whose number is mostly that of the record before. */
  private static final class Number {
    private final String name;
    private long value;
    private Header header;

    Number(String name) {
      this.name = name;
      this.header = new RecordHeader(name, digits(0));
    }

    Header of(long number) {
      if (number != value) {
        header = new RecordHeader(name, digits(number));
        value = number;
      }
      return header;
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] digits(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("a header's number is negative: " + value);
    }
    int length = 1;
    for (long rest = value / 10; rest > 0; rest /= 10) {
      length++;
    }
    byte[] digits = new byte[length];
    long rest = value;
    for (int i = length - 1; i >= 0; i--) {
      digits[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return digits;
  }
}

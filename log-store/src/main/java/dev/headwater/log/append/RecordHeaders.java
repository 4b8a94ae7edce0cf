package dev.headwater.log.append;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Headers;

/**
 * Writes a record's headers, in the order the contract lists them: seq, op, lsn, txid, ts_ms,
 * schema, nulls.
 *
 * <p>What all rows of one change or transaction share is made into bytes once. On the appender's
 * thread.
 */
final class RecordHeaders {
  private static final byte[][] OPERATIONS = new byte[128][];

  static {
    for (char op : new char[] {'r', 'c', 'u', 'd', 't'}) {
      OPERATIONS[op] = new byte[] {(byte) op};
    }
  }

  private long lsnValue = -1;
  private byte[] lsn = new byte[0];
  private long txidValue = -1;
  private byte[] txid = new byte[0];
  private long tsValue = -1;
  private byte[] ts = new byte[0];
  private int schemaValue = -1;
  private byte[] schema = new byte[0];

  void write(Headers headers, long seq, RowRecord row) {
    headers.add("seq", digits(seq));
    headers.add("op", OPERATIONS[row.op()]);
    if (row.lsn().value() != lsnValue) {
      lsnValue = row.lsn().value();
      lsn = row.lsn().toString().getBytes(StandardCharsets.US_ASCII);
    }
    headers.add("lsn", lsn);
    if (row.txid() != txidValue) {
      txidValue = row.txid();
      txid = digits(txidValue);
    }
    headers.add("txid", txid);
    if (row.tsMs() != tsValue) {
      tsValue = row.tsMs();
      ts = digits(tsValue);
    }
    headers.add("ts_ms", ts);
    if (row.schemaVersion() != schemaValue) {
      schemaValue = row.schemaVersion();
      schema = digits(schemaValue);
    }
    headers.add("schema", schema);
    if (row.nulls() != null) {
      headers.add("nulls", row.nulls().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static byte[] digits(long value) {
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

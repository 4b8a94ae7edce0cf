package dev.headwater.log.catalog;

import java.util.Arrays;

/**
 * Which transactions a read of PostgreSQL saw: {@code pg_current_snapshot()}, taken apart.
 *
 * <p>The stream of changes is ordered by commit records, and a transaction stands in it a moment
 * before it becomes visible to reads, or long before where a commit waits for a standby. So only
 * the snapshot of a read tells whether it saw a transaction; no LSN does.
 *
 * @param xmin every transaction below had ended
 * @param xmax no transaction from here on had ended
 * @param inProgress those between that had not ended, ascending
 */
public record TransactionSnapshot(long xmin, long xmax, long[] inProgress) {
  /** Asks for the snapshot of the statement that runs it; of all versions from 12. */
  public static final String SQL = "SELECT pg_catalog.txid_current_snapshot()::text";

  private static final long XIDS = 1L << 32;

  /**
   * Reads PostgreSQL's text, {@code xmin:xmax:xip,xip}.
   *
   * @throws IllegalArgumentException if it is not such a text
   */
  public static TransactionSnapshot parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not a snapshot: '" + text + "'");
    }
    long[] running =
        parts[2].isEmpty()
            ? new long[0]
            : Arrays.stream(parts[2].split(",")).mapToLong(Long::parseLong).sorted().toArray();
    return new TransactionSnapshot(Long.parseLong(parts[0]), Long.parseLong(parts[1]), running);
  }

  /**
   * Whether what a committed transaction wrote is seen.
   *
   * @param xid the id of a top-level transaction as the stream has it, its low 32 bits; one of the
   *     last or next two thousand million transactions, as all are whose WAL the server still has
   */
  public boolean sees(long xid) {
    long whole = xmax - Math.floorMod(xmax - xid, XIDS);
    if (whole + XIDS / 2 < xmax) {
      whole += XIDS;
    }
    return whole < xmin || (whole < xmax && Arrays.binarySearch(inProgress, whole) < 0);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TransactionSnapshot that
        && xmin == that.xmin
        && xmax == that.xmax
        && Arrays.equals(inProgress, that.inProgress);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(xmin * 31 + xmax) * 31 + Arrays.hashCode(inProgress);
  }
}

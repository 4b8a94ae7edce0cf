package dev.headwater.log.snapshot;

import java.util.Arrays;

/**
 * Which transactions a read of the source could see: PostgreSQL's {@code pg_current_snapshot()},
 * taken in the read's own transaction.
 *
 * <p>Snapshots list top-level transactions only, and so does the stream: a subtransaction is
 * visible when its top-level transaction is. What one snapshot sees, every later one of the same
 * server sees too. Immutable.
 */
public final class Visibility {
  private final long xmin;
  private final long xmax;
  private final long[] running;

  private Visibility(long xmin, long xmax, long[] running) {
    this.xmin = xmin;
    this.xmax = xmax;
    this.running = running;
  }

  /**
   * Reads PostgreSQL's own form, {@code xmin:xmax:xid,xid,…}, of 64-bit transaction ids.
   *
   * @throws IllegalArgumentException if the text is no snapshot
   */
  public static Visibility parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not a snapshot: '" + text + "'");
    }
    long[] running =
        parts[2].isEmpty()
            ? new long[0]
            : Arrays.stream(parts[2].split(",")).mapToLong(Long::parseLong).sorted().toArray();
    return new Visibility(Long.parseLong(parts[0]), Long.parseLong(parts[1]), running);
  }

  /**
   * Whether the read saw what the transaction did.
   *
   * @param xid the lower 32 bits of its id, unsigned, as the stream carries it. Taken for the one
   *     of its kind that lies within two billion of this snapshot: a server never has others alive
   */
  public boolean isVisible(long xid) {
    long full = xmax - ((int) xmax - (int) xid);
    if (full < xmin) {
      return true;
    }
    return full < xmax && Arrays.binarySearch(running, full) < 0;
  }

  /** Every transaction whose 64-bit id is at least this was not yet known to the snapshot. */
  public long xmax() {
    return xmax;
  }

  /** The oldest transaction that was running, 64 bits; everything before it had ended. */
  public long xmin() {
    return xmin;
  }

  /** Whether this snapshot was taken after the other, as far as the two can be told apart. */
  public boolean isLaterThan(Visibility other) {
    return xmax > other.xmax || (xmax == other.xmax && running.length < other.running.length);
  }

  /** PostgreSQL's own form. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder().append(xmin).append(':').append(xmax).append(':');
    for (int i = 0; i < running.length; i++) {
      text.append(i == 0 ? "" : ",").append(running[i]);
    }
    return text.toString();
  }
}

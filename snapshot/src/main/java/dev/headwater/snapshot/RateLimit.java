package dev.headwater.snapshot;

import java.util.function.LongSupplier;

/** Keeps all readers together under so many rows a second. Thread-safe. */
final class RateLimit {
  private final long rowsPerSecond;
  private final LongSupplier nanoTime;
  private long freeAtNanos;

  /**
   * @param rowsPerSecond 0 for no limit
   */
  RateLimit(long rowsPerSecond) {
    this(rowsPerSecond, System::nanoTime);
  }

  RateLimit(long rowsPerSecond, LongSupplier nanoTime) {
    this.rowsPerSecond = rowsPerSecond;
    this.nanoTime = nanoTime;
    this.freeAtNanos = nanoTime.getAsLong();
  }

  /** How long nobody may read now; zero or less when anybody may. */
  synchronized long waitNanos() {
    return rowsPerSecond == 0 ? 0 : freeAtNanos - nanoTime.getAsLong();
  }

  /** The present, for {@link #read}. */
  long now() {
    return nanoTime.getAsLong();
  }

  /**
   * Says what was read: it is paid for by the time it took, and then by a pause before the next
   * read.
   *
   * @param begunNanos when the read began, by {@link #now}
   */
  synchronized void read(long rows, long begunNanos) {
    if (rowsPerSecond > 0) {
      long cost = (long) (rows * 1e9 / rowsPerSecond);
      freeAtNanos = Math.max(freeAtNanos, begunNanos) + cost;
    }
  }
}

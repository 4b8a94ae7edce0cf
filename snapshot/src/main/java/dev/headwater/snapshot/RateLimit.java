package dev.headwater.snapshot;

/** Keeps all readers together under so many rows a second. Thread-safe. */
final class RateLimit {
  private final long rowsPerSecond;
  private long freeAtNanos = System.nanoTime();

  /**
   * @param rowsPerSecond 0 for no limit
   */
  RateLimit(long rowsPerSecond) {
    this.rowsPerSecond = rowsPerSecond;
  }

  /** How long nobody may read now; zero or less when anybody may. */
  synchronized long waitNanos() {
    return rowsPerSecond == 0 ? 0 : freeAtNanos - System.nanoTime();
  }

  /** Says what was read: it is paid for by the pause before the next read. */
  synchronized void read(long rows) {
    if (rowsPerSecond > 0) {
      long cost = (long) (rows * 1e9 / rowsPerSecond);
      freeAtNanos = Math.max(freeAtNanos, System.nanoTime()) + cost;
    }
  }
}

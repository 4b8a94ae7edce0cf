package dev.headwater.sinks;

/** How many rows a worker may apply in a second. Any thread. */
final class RateLimit {
  private static final int FEWEST_ROWS = 100;

  private long rowsPerSecond;
  private long freeAtNanos = System.nanoTime();

  /** From now on at most so many; 0 for no limit. */
  synchronized void limit(long newRowsPerSecond) {
    rowsPerSecond = newRowsPerSecond;
  }

  /** Whether a batch may begin. */
  synchronized boolean isFree() {
    return rowsPerSecond == 0 || System.nanoTime() - freeAtNanos >= 0;
  }

  /** A limit for batches, small enough that the rate does not come in gusts. */
  synchronized BatchLimit within(BatchLimit limit) {
    return rowsPerSecond == 0
        ? limit
        : new BatchLimit(
            (int) Math.min(limit.maxRecords(), Math.max(FEWEST_ROWS, rowsPerSecond / 4)),
            limit.maxBytes());
  }

  /** Notes that rows were applied. */
  synchronized void spend(long rows) {
    if (rowsPerSecond > 0) {
      long from = Math.max(freeAtNanos, System.nanoTime());
      freeAtNanos = from + rows * 1_000_000_000L / rowsPerSecond;
    }
  }
}

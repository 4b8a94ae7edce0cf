package dev.headwater.snapshot;

/** How many bytes of rows may be in memory at the same time. Thread-safe. */
final class ByteBudget {
  private final long limit;
  private long used;

  ByteBudget(long limit) {
    this.limit = limit;
  }

  /** Takes so many bytes if less than the limit is taken; one who has nothing yet always may. */
  synchronized boolean tryTake(long bytes) {
    if (used > 0 && used + bytes > limit) {
      return false;
    }
    used += bytes;
    return true;
  }

  /** Corrects what was taken; negative gives back. */
  synchronized void adjust(long bytes) {
    used += bytes;
    notifyAll();
  }

  /** Waits until something is given back, or for a moment. */
  synchronized void await(long millis) throws InterruptedException {
    wait(millis);
  }
}

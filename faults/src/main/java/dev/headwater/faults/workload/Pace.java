package dev.headwater.faults.workload;

/**
 * Lets so many changes a second through, over all who ask; what was not used is kept for half a
 * second at most. Thread-safe.
 */
final class Pace {
  private final double perSecond;
  private double allowed;
  private long lastNanos = System.nanoTime();

  Pace(int perSecond) {
    this.perSecond = perSecond;
  }

  /** Takes {@code changes} that were made, and waits until there is room for the next. */
  void spend(int changes) throws InterruptedException {
    long pauseMillis;
    synchronized (this) {
      long now = System.nanoTime();
      allowed = Math.min(perSecond / 2, allowed + (now - lastNanos) / 1e9 * perSecond);
      lastNanos = now;
      allowed -= changes;
      pauseMillis = allowed >= 0 ? 0 : (long) Math.min(2_000, -allowed / perSecond * 1_000);
    }
    if (pauseMillis > 0) {
      Thread.sleep(pauseMillis);
    }
  }
}

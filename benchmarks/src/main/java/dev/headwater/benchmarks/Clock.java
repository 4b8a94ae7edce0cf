package dev.headwater.benchmarks;

import java.time.Instant;

/** Wall-clock time in microseconds, which PostgreSQL's own clock on the same machine shares. */
final class Clock {
  private Clock() {}

  static long micros() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }
}

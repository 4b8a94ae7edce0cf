package dev.headwater.sinks;

/** How long to wait before trying a target again: soon at first, then every few seconds. */
final class Backoff {
  private static final long FIRST_MS = 100;
  private static final long LONGEST_MS = 5_000;

  private Backoff() {}

  /**
   * The pause after so many failures in a row.
   *
   * @param failures at least 1
   */
  static long pauseMs(int failures) {
    return Math.min(LONGEST_MS, FIRST_MS << Math.min(failures - 1, 10));
  }
}

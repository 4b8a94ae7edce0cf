package dev.headwater.benchmarks;

/** The story of a run, told on stderr while it goes on; answers go to stdout. */
final class Progress {
  private static final long START = System.nanoTime();

  private Progress() {}

  static void say(String text) {
    System.err.printf("%7.1f s  %s%n", (System.nanoTime() - START) / 1e9, text);
  }
}

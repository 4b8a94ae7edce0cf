package dev.headwater.benchmarks;

/** The highest version seen of each row, by one reader; ids from 1. */
final class Versions {
  private final long[] last;

  Versions(long rows) {
    this.last = new long[Math.toIntExact(rows) + 1];
  }

  void saw(long id, long version, ReadLog log) {
    int row = Math.toIntExact(id);
    log.requireNotBelow(last[row], version, "row " + id);
    last[row] = Math.max(last[row], version);
  }
}

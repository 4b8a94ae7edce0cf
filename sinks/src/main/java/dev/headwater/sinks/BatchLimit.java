package dev.headwater.sinks;

/**
 * How much of a partition a sink wants in one batch, at most. A single record larger than that is a
 * batch of its own.
 *
 * @param maxRecords records read, before folding
 * @param maxBytes their keys and values together, before folding
 */
public record BatchLimit(int maxRecords, long maxBytes) {
  /** Large enough that a round trip is paid for, small enough to live in memory many times. */
  public static final BatchLimit DEFAULT = new BatchLimit(30_000, 8L << 20);

  public BatchLimit {
    if (maxRecords < 1 || maxBytes < 1) {
      throw new IllegalArgumentException(
          "a batch holds at least one record and one byte, not " + maxRecords + ", " + maxBytes);
    }
  }
}

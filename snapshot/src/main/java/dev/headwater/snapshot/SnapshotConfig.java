package dev.headwater.snapshot;

/**
 * The {@code snapshot:} block of a connector.
 *
 * @param parallelism readers at the same time, each with a connection of its own
 * @param chunkRows about how many rows a chunk has
 * @param chunkBytes how many bytes a chunk has at most
 * @param rateRowsPerSecond rows read per second at most, in all; 0 for no limit
 * @param maxLagBytes readers wait while the stream is further behind than this
 */
public record SnapshotConfig(
    int parallelism, int chunkRows, long chunkBytes, long rateRowsPerSecond, long maxLagBytes) {
  /** Two readers keep both sides busy on small machines without hurting the source. */
  public static final SnapshotConfig DEFAULT =
      new SnapshotConfig(2, 60_000, 16L << 20, 0, 1L << 30);
}

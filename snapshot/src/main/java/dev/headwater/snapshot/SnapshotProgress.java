package dev.headwater.snapshot;

/** Hears how far the reading of one table is, on the thread that reads. */
@FunctionalInterface
public interface SnapshotProgress {
  /** Hears nothing. */
  SnapshotProgress NONE = (rows, bytes) -> {};

  /**
   * Called every few thousand rows or few megabytes, and once at the end, also of an empty table.
   *
   * @param rows rows read so far
   * @param bytes bytes the server sent for them
   */
  void read(long rows, long bytes);
}

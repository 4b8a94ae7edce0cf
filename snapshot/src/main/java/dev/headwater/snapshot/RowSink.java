package dev.headwater.snapshot;

import org.jspecify.annotations.Nullable;

/** Takes the rows of a table that is being read, in the order they are read, on that thread. */
@FunctionalInterface
public interface RowSink {
  /**
   * Takes one row, in arrays that are the sink's to keep.
   *
   * @param key the record's key
   * @param value the row
   * @param nulls the {@code nulls} header, or null
   * @throws InterruptedException to stop reading
   */
  void row(byte[] key, byte[] value, @Nullable String nulls) throws InterruptedException;
}

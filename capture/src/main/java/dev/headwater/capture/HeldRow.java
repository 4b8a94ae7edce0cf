package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.position.Lsn;
import org.jspecify.annotations.Nullable;

/** A row in the order of the stream that waits for its turn to be appended. */
sealed interface HeldRow {
  TableWriter table();

  /** A row that only waits for those before it. */
  record Ready(TableWriter table, RowRecord row) implements HeldRow {}

  /**
   * An update that left out values which nothing in the stream tells. Each is one of its own.
   *
   * @param key its canonical key
   * @param keyTexts the texts of the key's columns, in key order
   * @param newRow its image
   * @param oldRow the old image, or null
   * @param known values that were left out and are known, or null
   * @param entry what is remembered of the row, to be completed
   * @param missing the columns that were left out and are not known
   */
  record Open(
      TableWriter table,
      byte[] key,
      String[] keyTexts,
      Tuple newRow,
      @Nullable Tuple oldRow,
      @Nullable ColumnTexts known,
      @Nullable ColumnTexts entry,
      int[] missing,
      Lsn lsn,
      long xid,
      long tsMs)
      implements HeldRow {
    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}

package dev.headwater.capture;

import dev.headwater.log.schema.TableId;
import java.util.Arrays;

/** A row of a table, by its canonical key bytes, which must not be changed. */
record RowKey(TableId table, byte[] key) {
  @Override
  public boolean equals(Object other) {
    return other instanceof RowKey that && table.equals(that.table) && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return 31 * table.hashCode() + Arrays.hashCode(key);
  }

  @Override
  public String toString() {
    return table.toString();
  }
}

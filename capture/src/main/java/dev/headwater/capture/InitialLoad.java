package dev.headwater.capture;

import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.schema.TableSchema;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rows that a table had before its changes are streamed.
 *
 * <p>Implemented outside of capture. Called on the capture thread, for one table at a time, after
 * the slot was made, so that every change that the read does not see is streamed later.
 */
@FunctionalInterface
public interface InitialLoad {
  /** Takes the rows, as the log's bytes. */
  @FunctionalInterface
  interface RowReceiver {
    /**
     * Takes one row.
     *
     * @param nulls the {@code nulls} header, or null
     */
    void row(byte[] key, byte[] value, @Nullable String nulls) throws InterruptedException;
  }

  /**
   * Reads all rows of the table, each once, in one snapshot.
   *
   * @param schema which columns to read, in this order
   * @param masks by column name
   */
  void load(TableSchema schema, Map<String, ColumnMask> masks, RowReceiver rows)
      throws InterruptedException;
}

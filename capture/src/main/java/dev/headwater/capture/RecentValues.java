package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.log.schema.TableId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The large values of the rows that the stream brought last, in bounded memory: what an update that
 * leaves such a value as it was does not send again.
 *
 * <p><b>Why they are the right ones.</b> A transaction changes the row version that an earlier one
 * of the stream, or it itself, left: it has to wait for that one's commit, which writes the commit
 * record the stream is ordered by. So the image of a key seen last is the version that the next
 * change of this key starts from, and a value the change does not send is that version's. A delete,
 * a truncate, a key that moves away and a new definition of the table forget the row; forgetting is
 * always right, for what is not here is read from the source.
 *
 * <p>Belongs to the batch's thread.
 */
final class RecentValues {
  /** Shorter values seldom lie out of line, and copying every row would cost more than it saves. */
  private static final int LARGE_BYTES = 512;

  private static final long BUDGET_BYTES = 16L << 20;
  private static final int ENTRY_BYTES = 200;

  private final LinkedHashMap<RowKey, ColumnTexts> rows = new LinkedHashMap<>(64, 0.75f, true);
  private long bytes;

  @Nullable ColumnTexts find(TableWriter table, byte[] key) {
    return rows.isEmpty() ? null : rows.get(new RowKey(table.schema().table(), key));
  }

  /**
   * Takes an image that was written, or will be.
   *
   * @param before what was known of the row, or null
   * @return the row's entry; null when it has no large value
   */
  @Nullable ColumnTexts remember(
      TableWriter table,
      byte[] key,
      Tuple newRow,
      @Nullable Tuple oldRow,
      @Nullable ColumnTexts before) {
    ColumnTexts large = table.largeValues(newRow, oldRow, before, LARGE_BYTES);
    if (large == null) {
      forget(table, key);
      return null;
    }
    RowKey row = new RowKey(table.schema().table(), key);
    ColumnTexts replaced = rows.put(row, large);
    bytes += sizeOf(row, large) - (replaced == null ? 0 : sizeOf(row, replaced));
    evict();
    return large;
  }

  /**
   * Adds what was read from the source for an entry, unless a later change of the row has come: the
   * read may not have seen that one.
   */
  void complete(TableWriter table, byte[] key, ColumnTexts entry, ColumnTexts read, int[] columns) {
    if (find(table, key) == entry) {
      bytes -= entry.bytes();
      for (int column : columns) {
        entry.take(column, read);
      }
      bytes += entry.bytes();
      evict();
    }
  }

  void forget(TableWriter table, byte[] key) {
    if (!rows.isEmpty()) {
      RowKey row = new RowKey(table.schema().table(), key);
      ColumnTexts removed = rows.remove(row);
      bytes -= removed == null ? 0 : sizeOf(row, removed);
    }
  }

  void forgetAll(TableId table) {
    Iterator<Map.Entry<RowKey, ColumnTexts>> each = rows.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<RowKey, ColumnTexts> row = each.next();
      if (row.getKey().table().equals(table)) {
        bytes -= sizeOf(row.getKey(), row.getValue());
        each.remove();
      }
    }
  }

  private void evict() {
    Iterator<Map.Entry<RowKey, ColumnTexts>> eldest = rows.entrySet().iterator();
    while (bytes > BUDGET_BYTES && eldest.hasNext()) {
      Map.Entry<RowKey, ColumnTexts> row = eldest.next();
      bytes -= sizeOf(row.getKey(), row.getValue());
      eldest.remove();
    }
  }

  private static long sizeOf(RowKey row, ColumnTexts texts) {
    return ENTRY_BYTES + row.key().length + texts.bytes();
  }
}

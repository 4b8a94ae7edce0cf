package dev.headwater.capture;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends rows in the order of the stream, and fills in the large values that PostgreSQL did not
 * send again.
 *
 * <p>A row without a gap is appended at once. One with a gap is held, and so is every row behind
 * it, until {@link #release()}: then the gaps are filled by one read for each table, and all are
 * appended. What is held is bounded; at the bound it is released at once. Nothing is held from one
 * batch to the next, for a position is committed only with all rows before it.
 *
 * <p><b>What a filled row holds.</b> The read sees the change itself ({@link SourceRows}), so
 *
 * <ul>
 *   <li>a row that is found has, in each column that the change left out, the value it had after
 *       the change, or a newer one. The change that set the newer one is committed and comes later
 *       in the stream, so the log's last value of the key is right, and none of its values was ever
 *       a mark or a guess;
 *   <li>a row that is not found under its key was deleted, moved to another key, or truncated,
 *       after the change and before the read. That change is committed too and comes later in the
 *       stream: it takes the key out of the log. So this record is <em>left out</em>: until then
 *       the log has the row as it was before, whole, and after that neither;
 *   <li>a column that is not found, or has another type, was dropped, renamed or altered after the
 *       change. The log's column of that name has no value in the source any more, so it becomes
 *       NULL in this record; the definition that follows in the stream says what the table looks
 *       like since. The same goes for a table that is gone: the record is left out.
 * </ul>
 *
 * <p><b>Exact resume.</b> The position counts the source's events, not records, and it moves only
 * with a log transaction that holds all records of the events before it. When a batch is cut short,
 * its records are aborted, and the read is made again, maybe with newer values, maybe leaving
 * another record out: nobody has seen the first outcome.
 *
 * <p>Belongs to the batch's thread.
 */
final class RowOrder {
  private static final Logger LOG = LoggerFactory.getLogger(RowOrder.class);
  private static final long MOST_HELD_BYTES = 16L << 20;
  private static final int MOST_HELD_ROWS = 50_000;
  private static final int MOST_OPEN_ROWS = 4_000;

  /** How much one read brings, but for the last row. */
  private static final long READ_BYTES = 16L << 20;

  private static final int FIRST_READ_ROWS = 16;
  private static final int MOST_READ_ROWS = 1_000;

  private final LogAppender appender;
  private final TableRegistry tables;
  private final SourceRows source;
  private final RecentValues recent;
  private final CaptureMetrics metrics;
  private final List<HeldRow> held = new ArrayList<>();
  private final Map<HeldRow.Open, ColumnTexts> found = new HashMap<>();
  private final Set<HeldRow.Open> asked = new LinkedHashSet<>();
  private long heldBytes;
  private int openRows;
  private boolean appended;
  private int readRows = FIRST_READ_ROWS;

  RowOrder(
      LogAppender appender,
      TableRegistry tables,
      SourceRows source,
      RecentValues recent,
      CaptureMetrics metrics) {
    this.appender = appender;
    this.tables = tables;
    this.source = source;
    this.recent = recent;
    this.metrics = metrics;
  }

  /** Takes a whole row, or a tombstone. */
  void append(TableWriter table, RowRecord row) {
    if (held.isEmpty()) {
      write(table, row);
    } else {
      hold(new HeldRow.Ready(table, row), row.value() == null ? 0 : row.value().length);
    }
  }

  /** Takes an update with gaps. Its images must stay as they are until the next release. */
  void append(HeldRow.Open row) {
    openRows++;
    hold(row, 0);
  }

  private void hold(HeldRow row, long bytes) {
    held.add(row);
    heldBytes += bytes + 100;
    if (heldBytes > MOST_HELD_BYTES
        || held.size() >= MOST_HELD_ROWS
        || openRows >= MOST_OPEN_ROWS) {
      release();
    }
  }

  /** Appends everything that is held. */
  void release() {
    for (int i = 0; i < held.size(); i++) {
      HeldRow next = held.get(i);
      if (next instanceof HeldRow.Ready ready) {
        write(ready.table(), ready.row());
      } else if (next instanceof HeldRow.Open open) {
        if (!asked.contains(open)) {
          read(open.table(), i);
        }
        finish(open);
      }
    }
    held.clear();
    found.clear();
    asked.clear();
    heldBytes = 0;
    openRows = 0;
  }

  /** Whether anything was appended since this was asked last. */
  boolean takeAppended() {
    boolean was = appended;
    appended = false;
    return was;
  }

  /** Reads the rows of a table's next gaps, each row once. */
  private void read(TableWriter table, int from) {
    Map<RowKey, Integer> places = new LinkedHashMap<>();
    List<String[]> keys = new ArrayList<>();
    List<HeldRow.Open> rows = new ArrayList<>();
    Set<Integer> columns = new java.util.TreeSet<>();
    Set<Long> xids = new LinkedHashSet<>();
    for (int i = from; i < held.size() && keys.size() < readRows; i++) {
      if (held.get(i) instanceof HeldRow.Open open && open.table() == table) {
        RowKey key = new RowKey(table.schema().table(), open.key());
        if (places.putIfAbsent(key, keys.size()) == null) {
          keys.add(open.keyTexts());
        }
        rows.add(open);
        xids.add(open.xid());
        IntStream.of(open.missing()).forEach(columns::add);
      }
    }
    SourceRows.Found answer =
        source.read(
            table, keys, columns.stream().mapToInt(Integer::intValue).toArray(), xids, READ_BYTES);
    for (HeldRow.Open open : rows) {
      int place = places.get(new RowKey(table.schema().table(), open.key()));
      if (place >= answer.keysRead()) {
        continue;
      }
      asked.add(open);
      ColumnTexts texts = answer.rows().get(place);
      if (texts != null) {
        found.put(open, texts);
      }
    }
    if (!answer.isReadable()) {
      LOG.atWarn()
          .addKeyValue("table", table.schema().table())
          .addKeyValue("rows", rows.size())
          .log("table or key is gone; updates that left out large values are left out");
    }
    learn(answer.rows());
  }

  /** The next read asks for about as much as one may bring. */
  private void learn(Map<Integer, ColumnTexts> rows) {
    long largest = rows.values().stream().mapToLong(ColumnTexts::bytes).max().orElse(0);
    readRows = (int) Math.max(1, Math.min(MOST_READ_ROWS, READ_BYTES / (largest + 1)));
  }

  private void finish(HeldRow.Open open) {
    ColumnTexts read = found.remove(open);
    if (read == null) {
      metrics.leftOut();
      return;
    }
    metrics.filledFromSource();
    if (open.entry() != null) {
      recent.complete(open.table(), open.key(), open.entry(), read, open.missing());
    }
    TableWriter table = open.table();
    table.encode(open.newRow(), open.oldRow(), whole(open, read));
    write(
        table,
        new RowRecord(
            table.key(),
            table.row(),
            'u',
            open.lsn(),
            open.xid(),
            open.tsMs(),
            table.schema().version(),
            table.nulls()));
    table.release();
  }

  private static ColumnTexts whole(HeldRow.Open open, ColumnTexts read) {
    int columns = open.table().schema().columns().size();
    @Nullable ColumnTexts known = open.known();
    ColumnTexts whole = new ColumnTexts(columns);
    for (int column = 0; column < columns; column++) {
      if (known != null) {
        whole.take(column, known);
      }
    }
    for (int column : open.missing()) {
      if (read.has(column)) {
        whole.take(column, read);
      } else {
        whole.setNull(column);
      }
    }
    return whole;
  }

  private void write(TableWriter table, RowRecord row) {
    if (!table.isSchemaWritten()) {
      tables.writeSchema(table.schema(), appender);
      table.schemaWritten();
    }
    appender.appendRow(table.topic(), row);
    appended = true;
    metrics.appended(table.schema().table(), 1);
  }
}

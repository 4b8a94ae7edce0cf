package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FoldedRow;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a batch's rows for one table of one generation, before the transaction begins. Kept from
 * batch to batch by the writer of a partition, whose buffers it holds.
 */
final class BatchLoad {
  /** Up to so many rows, single statements are quicker than filling a temporary table. */
  private static final int MAX_STATEMENT_ROWS = 100;

  private final PostgresSink sink;
  private final LogPartition partition;
  private final StagedLoad staged;
  private final Map<Integer, RowReader> readers = new HashMap<>();
  private @Nullable PreparedTable readersOf;

  BatchLoad(PostgresSink sink, LogPartition partition, CopyHabit habit) {
    this.sink = sink;
    this.partition = partition;
    this.staged = new StagedLoad(habit);
  }

  /** A record that is not what its schema says. */
  static final class UnreadableRow extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private UnreadableRow(RuntimeException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** All rows, ready to be written; valid until the next call. */
  RowLoad gather(PreparedTable table, List<FoldedRow> rows) {
    staged.reset();
    RowLoad load = rows.size() <= MAX_STATEMENT_ROWS ? new StatementLoad() : staged;
    for (FoldedRow row : rows) {
      try {
        load.add(reader(table, row), row);
      } catch (IllegalArgumentException e) {
        throw new UnreadableRow(e);
      }
    }
    return load;
  }

  /** What was gathered has been written. */
  void release() {
    staged.release();
  }

  /**
   * Reads all rows for the labels of enums that are in them; what cannot be read is passed over.
   */
  void learnLabels(PreparedTable table, List<FoldedRow> rows) {
    for (FoldedRow row : rows) {
      try {
        new StatementLoad().add(reader(table, row), row);
      } catch (IllegalArgumentException e) {
        // Its refusal is told where it is to be written.
      }
    }
  }

  /** What reads a row of the version it was written with. */
  RowReader reader(PreparedTable table, FoldedRow row) {
    int version = row.isDelete() ? table.newest().version() : row.schemaVersion();
    if (readersOf != table) {
      readers.clear();
      readersOf = table;
    }
    return readers.computeIfAbsent(
        version,
        number -> {
          TableSchema schema = table.versions().get(number);
          if (schema == null) {
            throw new HeadwaterException(
                FailureCode.INTERNAL,
                "Table '%s' – version %d of its schema was never prepared by sink '%s'"
                    .formatted(partition.table(), number, sink.name()),
                "Restart the sink, and report this: it is a defect.");
          }
          return new RowReader(table.table(), schema, sink.labels());
        });
  }
}

package dev.headwater.sinks;

import dev.headwater.log.replay.LogRecord;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The last write of one key within a batch. The arrays are the log's own bytes, shared and never to
 * be changed.
 *
 * @param key the canonical JSON object of the key columns
 * @param value the whole row as one JSON object, or null where the row was deleted
 * @param seq the version sinks compare: grows with every record of a connector
 * @param offset where the record stands in its partition
 * @param schemaVersion the version of the table's schema the value was written with
 * @param nulls the {@code nulls} header: columns whose JSON value is {@code null} while SQL's is
 *     not
 * @param tsMs commit time at the source in milliseconds since 1970
 */
@SuppressWarnings("ArrayRecordComponent") // Rows are compared by nobody and copied by nobody.
public record FoldedRow(
    byte[] key,
    byte @Nullable [] value,
    long seq,
    long offset,
    int schemaVersion,
    Optional<String> nulls,
    long tsMs) {
  /** What one record of the log says of its key. */
  public static FoldedRow of(LogRecord record) {
    return new FoldedRow(
        record.key(),
        record.value(),
        record.seq(),
        record.offset(),
        record.schemaVersion(),
        record.nulls(),
        record.tsMs());
  }

  /** Whether the row was deleted. */
  public boolean isDelete() {
    return value == null;
  }
}

package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.util.Optional;

/**
 * A record of the log that one generation of a sink does not hold, for its target refused it. It is
 * the last one of its key that the generation has met: one that comes later takes its place.
 *
 * @param generation of which generation
 * @param partition where the record stands in the log
 * @param key the canonical JSON object of the key columns
 * @param offset the record's offset; 0 for a row that the log does not have and that could not be
 *     deleted
 * @param seq the record's version
 * @param schemaVersion the version of the table's schema that it follows
 * @param isDelete whether it deletes the row
 * @param valueBytes how large its value is in the log; 0 where it deletes
 * @param value its value, where it is at hand: not of one so large that it is not kept twice
 * @param reason why it was refused, for people; never a value of the row
 * @param parkedAtMs when, in milliseconds since 1970
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
public record DeadLetter(
    int generation,
    LogPartition partition,
    byte[] key,
    long offset,
    long seq,
    int schemaVersion,
    boolean isDelete,
    long valueBytes,
    Optional<byte[]> value,
    String reason,
    long parkedAtMs) {
  /** Larger ones are read in the log, where they stand anyway. */
  private static final int MAX_VALUE_BYTES = 16 << 20;

  /** What is kept of a row that was refused a moment ago. */
  static DeadLetter of(int generation, LogPartition partition, Refusal refusal) {
    FoldedRow row = refusal.row();
    byte[] value = row.value();
    return new DeadLetter(
        generation,
        partition,
        row.key(),
        row.offset(),
        row.seq(),
        row.schemaVersion(),
        value == null,
        value == null ? 0 : value.length,
        Optional.ofNullable(value).filter(bytes -> bytes.length <= MAX_VALUE_BYTES),
        refusal.reason(),
        System.currentTimeMillis());
  }

  /** The same without the value: what is kept in memory. */
  DeadLetter withoutValue() {
    return new DeadLetter(
        generation,
        partition,
        key,
        offset,
        seq,
        schemaVersion,
        isDelete,
        valueBytes,
        Optional.empty(),
        reason,
        parkedAtMs);
  }
}

package dev.headwater.log.append;

import dev.headwater.log.position.Lsn;
import org.jspecify.annotations.Nullable;

/**
 * One record for a table's topic, before it is given its sequence number.
 *
 * @param key canonical key bytes
 * @param value the row's JSON, or null for a tombstone
 * @param op {@code r} snapshot, {@code c} insert, {@code u} update, {@code d} delete, {@code t}
 *     truncate
 * @param lsn where the change stands in the source
 * @param txid the source transaction, unsigned 32 bits; 0 when there is none
 * @param tsMs when it was committed at the source, epoch milliseconds; 0 when not known
 * @param schemaVersion the version of the table's schema that the value follows
 * @param nulls columns whose JSON value is null while SQL's is not; null when there are none
 */
public record RowRecord(
    byte[] key,
    byte @Nullable [] value,
    char op,
    Lsn lsn,
    long txid,
    long tsMs,
    int schemaVersion,
    @Nullable String nulls) {}

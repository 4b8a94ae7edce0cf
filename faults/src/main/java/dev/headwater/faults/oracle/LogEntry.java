package dev.headwater.faults.oracle;

import org.jspecify.annotations.Nullable;

/**
 * One record of a table's topic, as far as the oracle cares.
 *
 * @param table the table's name without its schema
 * @param id the row's key
 * @param op the operation's letter
 * @param seq the sequence number
 * @param txid the source's transaction
 * @param ver the row's version, 0 where it has none
 * @param changes of a row of {@code ledger}, how many changes its transaction made; else 0
 * @param row the row in {@link Rows}' form; null for a tombstone
 */
public record LogEntry(
    String table,
    long id,
    char op,
    long seq,
    long txid,
    long ver,
    int changes,
    @Nullable String row) {
  /** The row's name in {@link Rows}' form. */
  public String key() {
    return Rows.key(table, id);
  }
}

package dev.headwater.log.snapshot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of a table, as far as a load has cut it.
 *
 * <p>Its bounds are PostgreSQL's own text of either one {@code ctid} or one value for each key
 * column. Nothing but PostgreSQL ever compares them; two ranges meet where their bounds are the
 * same text.
 *
 * @param leaf the OID of the table that has the rows: a partition, or the table itself
 * @param from where it begins: inclusive for a ctid, exclusive for a key; null for the beginning
 * @param to where it ends: exclusive for a ctid, inclusive for a key; null for the end, wherever
 *     that is when it is read
 */
public record ChunkRange(long leaf, @Nullable List<String> from, @Nullable List<String> to) {}

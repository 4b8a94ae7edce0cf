package dev.headwater.snapshot;

import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.snapshot.SourceTable.Leaf;
import org.jspecify.annotations.Nullable;

/**
 * A part of a table that a reader has taken to read.
 *
 * @param range what to read; by key, the reader finds out itself where the chunk ends
 * @param leaf the table with the rows; by key, one that stands for all
 * @param generation of the task's plan: an older one is void
 * @param withCtid whether each row's ctid must be read too, so that the chunk can end at any row
 * @param maxRows how many rows to read at most; by key only
 */
record Piece(
    TableTask task,
    ChunkRange range,
    Leaf leaf,
    LoadTarget target,
    SourceTable source,
    @Nullable String where,
    int generation,
    boolean byKey,
    boolean withCtid,
    int maxRows) {}

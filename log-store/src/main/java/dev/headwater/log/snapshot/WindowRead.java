package dev.headwater.log.snapshot;

import java.util.List;

/**
 * All that was read in one window, in one REPEATABLE READ transaction.
 *
 * @param window the window, as {@link LoadSession#openWindow} numbered it
 * @param seen what that transaction could see
 * @param chunks the rows, by table
 */
public record WindowRead(long window, Visibility seen, List<ReadChunk> chunks) {}

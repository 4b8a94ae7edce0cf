package dev.headwater.sinks;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a writer has made of batches whose turn is still to come, found again by the very list of
 * rows. Any thread.
 *
 * @param <T> what was made
 */
public final class MadeReady<T> {
  /** The one in hand and the one after it. */
  private static final int MOST = 2;

  private final Map<List<FoldedRow>, T> byRows = new IdentityHashMap<>();

  public synchronized void put(List<FoldedRow> rows, T made) {
    if (byRows.size() == MOST) {
      // A turn that never came: nothing of it is needed.
      byRows.clear();
    }
    byRows.put(rows, made);
  }

  /** Takes out what was made of these rows, if anything. */
  public synchronized Optional<T> take(List<FoldedRow> rows) {
    return Optional.ofNullable(byRows.remove(rows));
  }
}

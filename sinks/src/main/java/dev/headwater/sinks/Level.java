package dev.headwater.sinks;

/**
 * Since when a reader of one partition is known to have missed no delete: the newest moment whose
 * end of the log it has reached.
 *
 * <p>Under writes without a pause a reader never stands at the end there is now. So an end is kept
 * with the moment it was asked for, until it is reached; only then is the next one kept. The level
 * is never more than two lags behind, and always true.
 *
 * <p>Not thread-safe; its owner locks.
 */
final class Level {
  private static final long NONE = -1;

  private long sinceMs;
  private long end = NONE;
  private long endAtMs;

  /**
   * @param sinceMs when the reader was level last, or the moment before it begins at offset zero
   */
  Level(long sinceMs) {
    this.sinceMs = sinceMs;
  }

  /** The moment, in milliseconds since the epoch. */
  long sinceMs() {
    return sinceMs;
  }

  /** Keeps an end of the partition, asked for at {@code atMs}, unless one is not reached yet. */
  void await(long newEnd, long atMs) {
    if (end == NONE) {
      end = newEnd;
      endAtMs = atMs;
    }
  }

  /**
   * The reader stands at an offset: all records below it are behind it.
   *
   * @return whether an end that was kept is reached by that
   */
  boolean reach(long offset) {
    if (end == NONE || offset < end) {
      return false;
    }
    sinceMs = endAtMs;
    end = NONE;
    return true;
  }
}

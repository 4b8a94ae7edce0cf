package dev.headwater.sinks.postgres;

/**
 * Whether a batch's rows are tried as new ones first: a replay of first loads stays with COPY, a
 * stream of updates tries it ever more seldom. Used by whoever writes, one at a time.
 */
final class CopyHabit {
  /** However many batches held known keys in a row, after so many new ones are expected again. */
  private static final int MAX_PAUSE = 256;

  /** How many batches go another way before COPY is tried again, and how many next. */
  private int pause;

  private int nextPause = 1;

  /** Whether to try it with the next batch. */
  boolean expectsNewRows() {
    if (pause > 0) {
      pause--;
      return false;
    }
    return true;
  }

  void wereNew() {
    nextPause = 1;
  }

  void wereKnown() {
    pause = nextPause;
    nextPause = Math.min(MAX_PAUSE, nextPause * 2);
  }
}

package dev.headwater.sinks;

/**
 * What became of one attempt to switch.
 *
 * @param isDone whether the generation serves now, by this attempt or by an earlier one
 * @param waitsFor what has to be waited for otherwise, for people: a partition that is behind, a
 *     reader's transaction that is older than the load; empty when done
 * @param isHeld whether what serves is held back until the same is asked with offsets taken anew,
 *     which should be at once
 */
public record Promotion(boolean isDone, String waitsFor, boolean isHeld) {
  /** Switched. */
  public static final Promotion DONE = new Promotion(true, "", false);

  /** Not yet; the same is tried again soon. */
  public static Promotion waitsFor(String what) {
    return new Promotion(false, what, false);
  }

  /** Not yet: what serves is held back, and offsets are to be taken anew, now. */
  public static Promotion held(String what) {
    return new Promotion(false, what, true);
  }
}

package dev.headwater.sinks;

/**
 * What became of one attempt to switch.
 *
 * @param isDone whether the generation serves now, by this attempt or by an earlier one
 * @param waitsFor what has to be waited for otherwise, for people: a partition that is behind, a
 *     reader's transaction that is older than the load; empty when done
 */
public record Promotion(boolean isDone, String waitsFor) {
  /** Switched. */
  public static final Promotion DONE = new Promotion(true, "");

  /** Not yet; the same is tried again soon. */
  public static Promotion waitsFor(String what) {
    return new Promotion(false, what);
  }
}

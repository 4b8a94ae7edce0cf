package dev.headwater.sinks;

/**
 * How far one partition of the log has been applied to one generation of a target. It is kept in
 * the target, beside the data it speaks of, so that the two are lost or restored together.
 *
 * @param generation which generation the data belongs to; counts from 1
 * @param topicId Kafka's id of the topic the offsets count in: under another id they mean nothing
 * @param nextOffset the first offset not applied yet; everything below it is in the target
 * @param levelAtMs when this was last known to be the end of the log, in milliseconds since 1970;
 *     for a replay from offset zero that has not reached the end yet, when it began. Deletes older
 *     than the log's retention may have vanished unseen since then. 0 ({@link #UNSWEPT}) or below
 *     once they may: the generation may hold rows that the log has no more, until a sweep has
 *     looked for them. Each batch of the sweep's own lowers it by one, for the offset stays: a
 *     target that lost such a batch is known by that
 */
public record Checkpoint(int generation, String topicId, long nextOffset, long levelAtMs) {
  /** Stands for the time at which nothing was missed, where something may have been. */
  public static final long UNSWEPT = 0;

  public Checkpoint {
    if (generation < 1 || nextOffset < 0) {
      throw new IllegalArgumentException(
          "a checkpoint needs a generation of at least 1 and an offset of at least 0, not "
              + generation
              + " and "
              + nextOffset);
    }
  }

  /** Whether it is known that no delete was missed up to {@link #levelAtMs}. */
  public boolean isSwept() {
    return levelAtMs > UNSWEPT;
  }
}

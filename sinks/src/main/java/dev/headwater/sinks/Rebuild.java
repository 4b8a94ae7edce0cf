package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * Brings one generation to where it can serve, and switches: a step each time it is asked, always
 * from what the target says, so that it goes on wherever it, or another process, was cut.
 *
 * <p>A generation is level when every partition of its tables stands at or past an end of the log
 * that was taken a moment ago: only then is the costly part of finishing worth while. What the
 * switch itself rests on is looked at inside the switch.
 *
 * <p>Belongs to the supervisor's thread.
 */
final class Rebuild {
  /** Ends that were not reached in this time are taken anew: by then they say too little. */
  private static final long ENDS_HOLD_MS = 10_000;

  private final Generations generations;
  private final Function<Generation, Map<LogPartition, Long>> endsNow;
  private final IntUnaryOperator parkedRows;
  private final InstantSource clock;
  private Map<LogPartition, Long> ends = Map.of();
  private long endsTakenMs;
  private int endsOf;
  private boolean isLevel;
  private boolean isSwept;
  private String behind = "";
  private long done;
  private long total;

  /**
   * @param endsNow asks for the ends of the partitions of a generation's tables
   * @param parkedRows asks how many rows of a generation are parked
   */
  Rebuild(
      Generations generations,
      Function<Generation, Map<LogPartition, Long>> endsNow,
      IntUnaryOperator parkedRows,
      InstantSource clock) {
    this.generations = generations;
    this.endsNow = endsNow;
    this.parkedRows = parkedRows;
    this.clock = clock;
  }

  /** What a step came to. */
  record Step(RebuildProgress.Phase phase, String detail, boolean isSwitched) {}

  /**
   * Does the next step towards having a generation serve. One with parked rows does not, for rows
   * would be missing from it that those who read the one before perhaps had.
   *
   * @param request becomes the target's last one with the switch
   * @param acceptsParked whether it may serve without its parked rows
   */
  Step advance(Generation generation, String request, boolean acceptsParked) {
    look(generation);
    if (!isLevel) {
      return new Step(RebuildProgress.Phase.LOADING, behind, false);
    }
    if (!isSwept) {
      return new Step(RebuildProgress.Phase.SWEEPING, "", false);
    }
    // A row is parked before the checkpoint passes it: all up to where it was level are here.
    int parked = parkedRows.applyAsInt(generation.number());
    if (parked > 0 && !acceptsParked) {
      return new Step(
          RebuildProgress.Phase.PARKED,
          parked(generation.number(), parked, generations.sink()),
          false);
    }
    Promotion finished = generations.finish(generation.number());
    if (!finished.isDone()) {
      return new Step(RebuildProgress.Phase.FINISHING, finished.waitsFor(), false);
    }
    Promotion switched = generations.promote(generation.number(), request, ends);
    if (switched.isHeld()) {
      ends = endsNow.apply(generation);
      switched = generations.promote(generation.number(), request, ends);
    }
    return new Step(RebuildProgress.Phase.SWITCHING, switched.waitsFor(), switched.isDone());
  }

  /** Why a generation with parked rows is not switched to. */
  static String parked(int generation, int rows, String sink) {
    return ("generation %d lacks %d rows that its target refuses: see 'headwater dlq list %s', mend"
            + " and retry them, or discard them, or say --accept-parked")
        .formatted(generation, rows, sink);
  }

  /** Offsets that are in the target, of {@link #total}. */
  long done() {
    return done;
  }

  /** Offsets there are. */
  long total() {
    return total;
  }

  private void look(Generation generation) {
    long now = clock.millis();
    boolean old = now - endsTakenMs > ENDS_HOLD_MS;
    if (endsOf != generation.number() || isLevel || old || ends.isEmpty()) {
      ends = endsNow.apply(generation);
      endsTakenMs = now;
      endsOf = generation.number();
    }
    Map<String, Checkpoint> at = generations.checkpoints(generation.number());
    compare(at);
  }

  private void compare(Map<String, Checkpoint> at) {
    isLevel = true;
    isSwept = true;
    done = 0;
    total = 0;
    List<String> waiting = new ArrayList<>();
    for (Map.Entry<LogPartition, Long> end : ends.entrySet()) {
      LogPartition partition = end.getKey();
      Checkpoint checkpoint = at.get(partition.toString());
      boolean counts = checkpoint != null && checkpoint.topicId().equals(partition.topicId());
      long next = counts ? checkpoint.nextOffset() : 0;
      total += end.getValue();
      done += Math.min(next, end.getValue());
      if (!counts || next < end.getValue()) {
        isLevel = false;
        waiting.add(partition.toString());
      } else if (!checkpoint.isSwept()) {
        isSwept = false;
      }
    }
    behind =
        waiting.isEmpty()
            ? ""
            : waiting.size() == 1
                ? "for " + waiting.get(0)
                : "for " + waiting.size() + " partitions";
  }
}

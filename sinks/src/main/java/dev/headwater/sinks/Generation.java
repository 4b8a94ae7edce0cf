package dev.headwater.sinks;

/**
 * One generation of a sink's data: a whole copy of the sink's rows, made by one definition, with
 * checkpoints of its own.
 *
 * <p>What is said here stands in the target, beside the data: the target alone knows which
 * generation serves, so that the answer is lost, restored and switched together with the rows.
 *
 * <pre>
 * first ──begin()──▶ SERVING
 * later ──begin()──▶ BUILDING ──promote()──▶ SERVING ──promote(other)──▶ PREVIOUS ──promote()──▶ SERVING
 *                       │                                                   │
 *                       └────────────────── drop() ──▶ DROPPING ◀── drop() ─┘
 * </pre>
 *
 * @param number counts from 1, never given twice to one sink while the target keeps its state
 * @param state which part it has now
 * @param definition what its rows are made by ({@link SinkDefinition#text}); never changed
 * @param isKept whether the generation that is replaced by it stays, for a rollback, until the next
 *     one begins; otherwise it goes once the switch has held for a while
 * @param request who asked for it: the id of a command, or of an automatic rebuild
 * @param sinceMs since when it has its state, by the target's or the writer's clock, milliseconds
 *     since 1970
 */
public record Generation(
    int number, State state, String definition, boolean isKept, String request, long sinceMs) {

  /** The parts a generation can have. At most one of a sink has each but the last. */
  public enum State {
    /** Filled from the log's beginning; nobody reads it yet. */
    BUILDING,
    /** What readers see. */
    SERVING,
    /** Served before; is fed on by its own definition, so that it can be put back. */
    PREVIOUS,
    /** On its way out: nobody feeds it, and what is left of it is dropped piece by piece. */
    DROPPING
  }

  public Generation {
    if (number < 1) {
      throw new IllegalArgumentException("generations count from 1, not from " + number);
    }
  }
}

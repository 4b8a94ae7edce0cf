package dev.headwater.sinks;

/**
 * How far a generation is that is being built, seen from one worker process.
 *
 * @param generation its number
 * @param request who asked for it
 * @param phase what is being done
 * @param detail what it waits for, or why it failed; empty when there is nothing to add
 * @param done offsets of all partitions that are in the target, whichever process brought them
 * @param total offsets there are
 * @param rows rows this process has written into it, folded
 */
public record RebuildProgress(
    int generation, String request, Phase phase, String detail, long done, long total, long rows) {

  /** The steps of a rebuild, in order. */
  public enum Phase {
    /** Rows are read from the log's beginning. */
    LOADING,
    /** It took so long that deletes may have been missed: keys the log does not have are sought. */
    SWEEPING,
    /** It is level, but its target refuses rows: somebody has to decide about them. */
    PARKED,
    /** Indexes, views, rights and statistics are made; readers of old snapshots are waited for. */
    FINISHING,
    /** Everything is ready; the next moment that all partitions are level is taken. */
    SWITCHING,
    /** This process cannot feed it; the serving generation is not concerned. */
    FAILED
  }
}

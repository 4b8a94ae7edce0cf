package dev.headwater.log.snapshot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far the load of one table is, as it stands in {@code __headwater.snapshots} under the table's
 * name. Written in the log transaction of the rows it counts.
 *
 * @param state see {@link State}
 * @param reload whether the table was loaded before, so that keys of the log that are not read must
 *     be looked for and deleted at the end; null for a first load
 * @param plan how the rest is read; null unless the state is LOADING
 * @param rows rows appended so far by this load
 * @param bytes bytes of them
 * @param startedMs when the load began, epoch milliseconds
 */
public record TableLoad(
    State state,
    @Nullable Reload reload,
    @Nullable Plan plan,
    long rows,
    long bytes,
    long startedMs) {

  /** Where a load stands. */
  public enum State {
    /** Asked for, and not begun. */
    WANTED,
    /** Under way; a reload whose plan has nothing left to read is looking for keys to delete. */
    LOADING,
    /** The last row is in the log. */
    COMPLETE
  }

  /**
   * Why and what a loaded table is loaded again.
   *
   * @param request who asked for it: a request's id, or a reason
   * @param where an SQL condition that the rows to read fulfil; null for all
   * @param sinceSeq records with a higher sequence number were written since the reload began
   */
  public record Reload(String request, @Nullable String where, long sinceSeq) {}

  /**
   * What is left to read.
   *
   * @param byKey whether ranges are of keys, else of ctids
   * @param definition columns and files of the table when it was planned; when they differ, the
   *     ranges mean nothing any more
   * @param todo ranges whose rows are not in the log
   */
  public record Plan(boolean byKey, String definition, List<ChunkRange> todo) {
    public Plan {
      todo = List.copyOf(todo);
    }
  }

  /** A load that somebody asks for. */
  public static TableLoad wanted(String request, @Nullable String where) {
    return new TableLoad(State.WANTED, new Reload(request, where, 0), null, 0, 0, 0);
  }

  /** The end of this load. */
  public TableLoad complete() {
    return new TableLoad(State.COMPLETE, reload, null, rows, bytes, startedMs);
  }
}

package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import java.util.Optional;

/**
 * One generation of a target that holds rows of the log: the port every technology implements.
 *
 * <p>Opened by {@link Generations#open} and used by one {@link SinkWorker}; other processes may
 * feed the same generation of the same sink at the same time, for other partitions, and other
 * workers of this process other generations. Methods may be called from several threads at once.
 * Nothing is kept between runs but what is in the target.
 *
 * <p>Errors of all methods, as {@link dev.headwater.log.failure.HeadwaterException}:
 *
 * <ul>
 *   <li>{@code TARGET_UNREACHABLE}: no connection, a time-out, a target that is starting, full or
 *       busy. Whether anything was done is unknown; the same call may be made again, for ever.
 *   <li>{@code TARGET_NOT_READY}: reached, but not set up as needed (a replica, a read-only block,
 *       missing rights, a strange table in the way). The message names the finding, the hint its
 *       exact remedy.
 *   <li>{@code RECORD_REFUSED}: the target refuses one row for what it holds, and the caller has
 *       nowhere to leave it ({@link Refusals}). The message names table and offset, never values.
 *   <li>{@code FENCED}: see {@link PartitionWriter#apply}.
 * </ul>
 */
public interface Sink extends AutoCloseable {
  /** The sink's name in {@code connectors.yaml}. */
  String name();

  /** Which generation this writes; every checkpoint it stores bears this number. */
  default int generation() {
    return 1;
  }

  /**
   * How the rows this generation holds are listed, for sweeps. Where there is none, a checkpoint
   * that may have missed deletes stops the worker with {@code CHECKPOINT_STALE}.
   */
  default Optional<KeyScan> keyScan() {
    return Optional.empty();
  }

  /**
   * Makes whatever the rows of a table need in the target (this generation's index or table, the
   * home of the checkpoints), and learns the schema. Called before the first {@link #take} of one
   * of the table's partitions, and for every later version of the schema before the first batch
   * that holds a row of it. Repeating it, also from two processes at once, changes nothing; rows
   * already there are never removed. Versions may come in any order: an older one than already
   * prepared is learned for reading rows, and changes nothing in the target.
   */
  void prepare(TableSchema schema);

  /**
   * Takes a partition over for writing and reads its checkpoint. When it returns, every writer
   * taken before, in whatever process, is fenced: none of its writes, those already on their way
   * included, can change the target any more. The checkpoint is read only after that.
   *
   * <p>Taking a partition that nobody held is the same. A new writer of a partition never sees a
   * checkpoint move by anyone's hand but its own.
   */
  PartitionWriter take(LogPartition partition);

  /**
   * Reads this generation back, for comparing; changes nothing and needs nothing prepared. It uses
   * the sink's connections, and is closed before the sink.
   */
  ReadBack readBack();

  /** How much the worker puts into one batch; asked once. */
  default BatchLimit batchLimit() {
    return BatchLimit.DEFAULT;
  }

  /**
   * Lets go of connections; bounded in time, may be repeated, throws nothing. Writers must have
   * been closed.
   */
  @Override
  void close();
}

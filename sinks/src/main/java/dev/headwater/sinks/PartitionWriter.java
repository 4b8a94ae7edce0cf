package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.util.List;
import java.util.Optional;

/**
 * The one writer of one partition into one generation of a target, until another takes over.
 *
 * <p>Made by {@link Sink#take}. Used by one thread at a time (not always the same one); other
 * writers of the same sink work beside it.
 */
public interface PartitionWriter extends AutoCloseable {
  /** What this writes. */
  LogPartition partition();

  /**
   * The checkpoint as it stood at {@link Sink#take}, or as this writer last stored it; empty when
   * nothing of this partition is in the target, so that the log is to be read from its beginning.
   * Asks nobody.
   */
  Optional<Checkpoint> checkpoint();

  /**
   * Whether rows are never there without their checkpoint. Where they may be, for a writer can be
   * cut in between, a checkpoint that says when it all began is stored before the first row: who
   * comes next, perhaps after the log has forgotten deletes, must not take the target for empty.
   */
  boolean isAtomic();

  /**
   * Applies all rows of a batch and stores {@code batch.checkpoint()}.
   *
   * <p><b>Law.</b> When it returns, each row of the batch is in the target as the log has it (a
   * deleted one is not there), as durable as the target is set up to be, and the stored checkpoint
   * is the batch's. Rows and checkpoint become visible in one step where the target has
   * transactions; elsewhere the checkpoint is written after the rows, never before. Rows of other
   * partitions, tables and owners are untouched.
   *
   * <p><b>Order.</b> {@code batch.fromOffset()} is the next offset of {@link #checkpoint()} (0 when
   * empty); batches come in the order of the log, one at a time. A batch that ends where it begins
   * may hold rows: keys that the log does not have any more, to be deleted, or rows older than the
   * checkpoint that nothing has changed since, to be written once more. They are applied as any
   * other.
   *
   * <p><b>Repetition.</b> After {@code TARGET_UNREACHABLE} the caller repeats the same batch on the
   * same writer; if the lost attempt had reached the target, this is noticed and is success. Rows
   * may also be applied again by a later writer that starts from an older checkpoint: the outcome
   * is the same state.
   *
   * <p><b>Fence.</b> If the stored checkpoint is no longer the one this writer read or wrote last,
   * or another writer took the partition, nothing is changed and {@code FENCED} is thrown. The
   * writer is dead from then on. A target that lost or restored its data looks the same: the
   * caller, if it still owns the partition, takes it again and reads on from the checkpoint found.
   *
   * <p><b>A refused row.</b> A row that the target refuses for what it holds is left to {@code
   * refusals}, before the checkpoint is stored; all others are applied. What stood under its key
   * stays as it was. A refusal that is not about one row alone (a target that is full, closed or
   * altered, rights, a lost connection) is never left there but thrown. A row whose schema version
   * was never prepared, in a sink that needs the schema to write it, is {@code INTERNAL}.
   *
   * @throws dev.headwater.log.failure.HeadwaterException as {@link Sink} lists, and what {@code
   *     refusals} throws; the stored checkpoint is then where it was
   */
  void apply(FoldedBatch batch, Refusals refusals);

  /**
   * Does what can be done of a batch beforehand, from its rows alone: called by another thread,
   * perhaps while {@link #apply} has the batch before it. Of use only where {@code apply} is given
   * this very list; whatever else it is given, or however this ended, {@code apply} does it all.
   * Asks nobody and throws nothing.
   */
  default void makeReady(List<FoldedRow> rows) {}

  /** The same where a refused row ends it: with {@code RECORD_REFUSED}. */
  default void apply(FoldedBatch batch) {
    apply(batch, Refusals.STOP);
  }

  /**
   * Puts right what others have changed in the target: writes each row over whatever stands under
   * its key, whichever version that claims to have, and leaves the checkpoint where it is. The laws
   * of {@link #apply} hold, the fence among them.
   *
   * @param rows of each key the last record below the checkpoint, or a delete where there is none
   */
  default void repair(List<FoldedRow> rows, Refusals refusals) {
    Checkpoint here =
        checkpoint()
            .orElseThrow(() -> new IllegalStateException(partition() + " was never applied"));
    apply(new FoldedBatch(partition(), here.nextOffset(), here.nextOffset(), rows, here), refusals);
  }

  /**
   * Deletes what stands under names that no row has, in a target that is this sink's alone.
   *
   * @param names as {@link ReadBack} brought them
   */
  default void remove(List<byte[]> names) {
    throw new UnsupportedOperationException("every name of this target is a row's or a stranger's");
  }

  /**
   * Ends this writer; what it stored stays, and so does the partition's ownership until another
   * writer takes it. Throws nothing, may be repeated.
   */
  @Override
  void close();
}

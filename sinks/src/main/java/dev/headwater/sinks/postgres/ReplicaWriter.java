package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.MadeReady;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Refusals;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/**
 * Writes one partition into one generation, each batch in one transaction:
 *
 * <pre>
 * shared lock of the sink | UPDATE checkpoint … WHERE owner = mine AND next_offset = old | schema's name
 * DELETE the batch's deletes | INSERT … ON CONFLICT DO UPDATE the rest
 * the same rows into the generation that is fed along, if there is one ({@link TwinLoad})
 * COMMIT
 * </pre>
 *
 * If the UPDATE finds no row, another writer has taken over, or the target has lost or restored its
 * data, and nothing was changed. If it finds that this very batch is stored, a commit went through
 * whose answer was lost. Where rows are refused, the rest is written in {@link Pieces}, in one
 * transaction as well, which is committed once the refused ones are kept.
 */
final class ReplicaWriter implements PartitionWriter {
  /**
   * A connection that was forgotten on its way answers nothing, and a batch seldom takes this long:
   * then it is tried once more with all the patience that a statement is given ({@link
   * PostgresPool}).
   */
  private static final int FIRST_PATIENCE_MILLIS = 20_000;

  private final PostgresSink sink;
  private final LogPartition partition;
  private final int generation;
  private final String owner;
  private final CheckpointStatements fence;
  private final CopyHabit habit = new CopyHabit();
  private final BatchLoad twin;
  private final Deque<BatchLoad> idle = new ConcurrentLinkedDeque<>();
  private final MadeReady<Gathered> ready = new MadeReady<>();
  private @Nullable Checkpoint checkpoint;
  private boolean isFenced;
  private boolean isPatient;

  ReplicaWriter(
      PostgresSink sink,
      LogPartition partition,
      int generation,
      CheckpointStatements fence,
      CheckpointStatements.Stored taken) {
    this.sink = sink;
    this.partition = partition;
    this.generation = generation;
    this.fence = fence;
    this.owner = taken.owner();
    this.twin = new BatchLoad(sink, partition, new CopyHabit());
    this.checkpoint = taken.checkpoint().orElse(null);
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public boolean isAtomic() {
    return true;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  @Override
  public void apply(FoldedBatch batch, Refusals refusals) {
    if (batch.checkpoint().generation() != generation) {
      throw new IllegalArgumentException(
          "a batch for generation %d given to the writer of generation %d"
              .formatted(batch.checkpoint().generation(), generation));
    }
    if (isFenced) {
      throw fenced();
    }
    PreparedTable table = sink.preparedTable(partition.table());
    try {
      Gathered rows =
          ready
              .take(batch.rows())
              .filter(made -> made.table() == table)
              .orElseGet(() -> gather(table, batch.rows()));
      write(batch, rows);
      rows.by().release();
      idle.add(rows.by());
    } catch (BatchLoad.UnreadableRow e) {
      settle(batch, table, refusals);
    } catch (SQLException e) {
      if (!PostgresFailures.isAboutData(e)) {
        throw sink.failures().of(e, "writing into table '" + table.table().name() + "'");
      }
      settle(batch, table, refusals);
    }
  }

  private void write(FoldedBatch batch, Gathered rows) throws SQLException {
    Optional<TwinLoad> along = sink.twins().along(sink, batch, rows.table(), twin);
    sink.addMissingLabels();
    if (!write(batch, rows, along, false)) {
      along = sink.twins().along(sink, batch, rows.table(), twin);
      sink.addMissingLabels();
      write(batch, rows, along, true);
    }
  }

  /**
   * Rows ready to be written.
   *
   * @param by whose buffers hold them until they are
   */
  private record Gathered(PreparedTable table, RowLoad load, BatchLoad by) {}

  @Override
  public void makeReady(List<FoldedRow> rows) {
    try {
      ready.put(rows, gather(sink.preparedTable(partition.table()), rows));
    } catch (BatchLoad.UnreadableRow e) {
      // It is met again in its turn, and told then.
    }
  }

  private Gathered gather(PreparedTable table, List<FoldedRow> rows) {
    BatchLoad free = idle.poll();
    BatchLoad by = free == null ? new BatchLoad(sink, partition, habit) : free;
    return new Gathered(table, by.gather(table, rows), by);
  }

  @Override
  public void close() {
    // Connections are the pool's; what is stored stays.
  }

  /**
   * Writes a batch, into both generations where two are joined.
   *
   * <p>That the second is never seen behind rests on every batch: one that does not go along parts
   * the two, and they are joined anew.
   *
   * @param isLast whether rows that were gathered for no second generation, or another one, are
   *     written all the same; else nothing is, and which one is wanted is known from then on
   * @return whether it is written
   */
  private boolean write(FoldedBatch batch, Gathered rows, Optional<TwinLoad> along, boolean isLast)
      throws SQLException {
    return inTransaction(
        batch,
        (connection, place) -> {
          int wanted = place.twin();
          sink.twins().noteTwin(sink, wanted);
          boolean goesAlong = along.filter(gathered -> gathered.generation() == wanted).isPresent();
          boolean isMissed =
              wanted != 0 && !goesAlong && sink.twins().mayHold(wanted, partition.table());
          if (isMissed && !isLast) {
            return false;
          }
          RowStatements sql = new RowStatements(place.schemaName(), rows.table().table());
          rows.load().write(connection, sql);
          if (goesAlong) {
            along.get().write(connection, fence, batch, place);
          } else if (isMissed) {
            TwinLoad.part(connection, sink.name(), wanted);
          }
          return true;
        });
  }

  /**
   * Writes a batch of which something is refused, without that. The generation that is fed along is
   * left to its own writer, which meets the same rows and parks them for itself.
   */
  private void settle(FoldedBatch batch, PreparedTable table, Refusals refusals) {
    BatchLoad own = new BatchLoad(sink, partition, habit);
    own.learnLabels(table, batch.rows());
    sink.addMissingLabels();
    try {
      inTransaction(
          batch,
          (connection, place) -> {
            RowStatements sql = new RowStatements(place.schemaName(), table.table());
            Pieces pieces = new Pieces(connection, own, table, sql);
            boolean isWhole = pieces.write(batch.rows());
            if (place.twin() != 0) {
              TwinLoad.part(connection, sink.name(), place.twin());
            }
            if (!pieces.refused().isEmpty()) {
              refusals.keep(partition, pieces.refused(), pieces.taken());
            }
            if (!isWhole) {
              throw new IllegalStateException("a batch that is refused as a whole was let pass");
            }
            return true;
          });
    } catch (SQLException e) {
      throw sink.failures().of(e, "writing into table '" + table.table().name() + "'");
    }
  }

  private interface Work {
    /** Whether it is to be committed. */
    boolean run(Connection connection, CheckpointStatements.Place place) throws SQLException;
  }

  /**
   * Moves the checkpoint over a batch, and does the work of it in the same transaction.
   *
   * @return whether it was committed
   */
  private boolean inTransaction(FoldedBatch batch, Work work) throws SQLException {
    try (Connection connection = sink.connect()) {
      if (!isPatient) {
        connection.setNetworkTimeout(Runnable::run, FIRST_PATIENCE_MILLIS);
      }
      try {
        Optional<CheckpointStatements.Place> place =
            fence.advance(connection, owner, checkpoint, batch.checkpoint());
        if (place.isPresent()) {
          if (!work.run(connection, place.get())) {
            connection.rollback();
            return false;
          }
          connection.commit();
        } else {
          connection.rollback();
          requireStored(connection, batch.checkpoint());
          connection.rollback();
        }
      } catch (SQLException | RuntimeException e) {
        PostgresSink.rollback(connection, e);
        isPatient = true;
        throw e;
      }
    }
    isPatient = false;
    checkpoint = batch.checkpoint();
    return true;
  }

  /** Passes only if the batch is in the target already, by a commit whose answer was lost. */
  private void requireStored(Connection connection, Checkpoint expected) throws SQLException {
    Optional<CheckpointStatements.Stored> stored = fence.read(connection);
    boolean isOurs =
        stored.isPresent()
            && stored.get().owner().equals(owner)
            && stored.get().checkpoint().equals(Optional.of(expected));
    if (!isOurs) {
      isFenced = true;
      throw fenced();
    }
  }

  private HeadwaterException fenced() {
    return new HeadwaterException(
        FailureCode.FENCED,
        "Sink '%s' – partition %s was taken over by another worker, or the target was restored"
            .formatted(sink.name(), partition),
        "Nothing to do: whoever owns the partition reads on from the checkpoint in the target.");
  }
}

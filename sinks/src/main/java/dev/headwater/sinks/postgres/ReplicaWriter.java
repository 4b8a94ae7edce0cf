package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
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
 * whose answer was lost.
 */
final class ReplicaWriter implements PartitionWriter {
  private final PostgresSink sink;
  private final LogPartition partition;
  private final int generation;
  private final String owner;
  private final CheckpointStatements fence;
  private final BatchLoad own;
  private final BatchLoad twin;
  private @Nullable Checkpoint checkpoint;
  private boolean isFenced;

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
    this.own = new BatchLoad(sink, partition);
    this.twin = new BatchLoad(sink, partition);
    this.checkpoint = taken.checkpoint().orElse(null);
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  @Override
  public void apply(FoldedBatch batch) {
    if (batch.checkpoint().generation() != generation) {
      throw new IllegalArgumentException(
          "a batch for generation %d given to the writer of generation %d"
              .formatted(batch.checkpoint().generation(), generation));
    }
    if (isFenced) {
      throw fenced();
    }
    PreparedTable table = sink.preparedTable(partition.table());
    RowLoad load = gather(table, batch.rows());
    Optional<TwinLoad> along = sink.twins().along(sink, batch, table, twin);
    sink.addMissingLabels();
    try {
      write(batch, table, load, along);
    } catch (SQLException e) {
      throw PostgresFailures.isAboutData(e)
          ? refused(table, batch, e)
          : sink.failures().of(e, "writing into table '" + table.table().name() + "'");
    }
  }

  @Override
  public void close() {
    // Connections are the pool's; what is stored stays.
  }

  private RowLoad gather(PreparedTable table, List<FoldedRow> rows) {
    try {
      return own.gather(table, rows);
    } catch (BatchLoad.UnreadableRow e) {
      throw refusal(table, "at offset " + e.offset(), String.valueOf(e.getMessage()));
    }
  }

  private void write(FoldedBatch batch, PreparedTable table, RowLoad load, Optional<TwinLoad> along)
      throws SQLException {
    try (Connection connection = sink.connect()) {
      try {
        Optional<CheckpointStatements.Place> place =
            fence.advance(connection, owner, checkpoint, batch.checkpoint());
        if (place.isPresent()) {
          load.write(connection, new RowStatements(place.get().schemaName(), table.table()));
          sink.twins().noteTwin(place.get().twin());
          if (along.isPresent() && along.get().generation() == place.get().twin()) {
            along.get().write(connection, fence, batch, place.get());
          }
          connection.commit();
        } else {
          connection.rollback();
          requireStored(connection, batch.checkpoint());
          connection.rollback();
        }
      } catch (SQLException | RuntimeException e) {
        PostgresSink.rollback(connection, e);
        throw e;
      }
    }
    checkpoint = batch.checkpoint();
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

  /** Finds which row it was by writing them one by one into a transaction that is rolled back. */
  private HeadwaterException refused(PreparedTable table, FoldedBatch batch, SQLException whole) {
    try (Connection connection = sink.connect()) {
      try {
        Optional<CheckpointStatements.Place> place =
            fence.advance(connection, owner, checkpoint, batch.checkpoint());
        if (place.isPresent()) {
          RowStatements sql = new RowStatements(place.get().schemaName(), table.table());
          for (FoldedRow row : batch.rows()) {
            StatementLoad single = new StatementLoad();
            single.add(own.reader(table, row), row);
            try {
              single.write(connection, sql);
            } catch (SQLException e) {
              if (PostgresFailures.isAboutData(e)) {
                return refusal(table, "at offset " + row.offset(), PostgresFailures.reason(e));
              }
              throw e;
            }
          }
        }
      } finally {
        connection.rollback();
      }
    } catch (SQLException e) {
      return sink.failures().of(e, "finding a refused record");
    }
    return refusal(
        table,
        "between offsets %d and %d".formatted(batch.fromOffset(), batch.nextOffset() - 1),
        PostgresFailures.reason(whole));
  }

  private HeadwaterException refusal(PreparedTable table, String where, String reason) {
    return new HeadwaterException(
        FailureCode.RECORD_REFUSED,
        "Record %s of %s – refused by table '%s' of sink '%s' (key %s): %s"
            .formatted(
                where,
                partition,
                table.table().name(),
                sink.name(),
                String.join(", ", table.table().key()),
                reason),
        "Correct the row in the source, or the table in the target; then restart the sink.");
  }
}

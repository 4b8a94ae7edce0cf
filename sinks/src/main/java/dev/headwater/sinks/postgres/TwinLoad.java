package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedBatch;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;

/**
 * A batch's rows for a second generation, written in the same transaction as into the serving one.
 *
 * <p>Once every partition is fed so, no snapshot, however old it grows, sees the second behind the
 * serving one: a reader whose transaction began after that may be switched over in its middle. That
 * the second stands <em>at or past</em> the serving one is kept from batch to batch: a batch is
 * written there if it begins at or before the second's checkpoint, which is then the batch's end,
 * and is left out if the second has all of it. Where the second lies before the batch, its own
 * writer brings it there.
 */
final class TwinLoad {
  private static final String PART =
      """
      UPDATE headwater.generation SET joined = false, waits = NULL
       WHERE sink = ? AND generation = ?
      """;

  private final PostgresSink sink;
  private final int generation;
  private final PreparedTable table;
  private final RowLoad load;

  TwinLoad(PostgresSink sink, int generation, PreparedTable table, RowLoad load) {
    this.sink = sink;
    this.generation = generation;
    this.table = table;
    this.load = load;
  }

  int generation() {
    return generation;
  }

  /**
   * Writes the rows if they may be written now. What the second generation refuses does not concern
   * the serving one: the two are parted then, and the second's own writer tells what is wrong.
   */
  void write(
      Connection connection,
      CheckpointStatements fence,
      FoldedBatch batch,
      CheckpointStatements.Place place)
      throws SQLException {
    Savepoint before = connection.setSavepoint();
    try {
      if (fence.takeAlong(connection, generation, batch.fromOffset(), batch.checkpoint())) {
        load.write(connection, new RowStatements(place.twinSchemaName(), table.table()));
      }
    } catch (SQLException e) {
      if (!PostgresFailures.isAboutTarget(e)) {
        throw e;
      }
      connection.rollback(before);
      part(connection, sink.name(), generation);
      return;
    }
    connection.releaseSavepoint(before);
  }

  /** Notes that a generation is not fed along any more, until it is level again. */
  static void part(Connection connection, String sink, int generation) throws SQLException {
    try (PreparedStatement part = connection.prepareStatement(PART)) {
      part.setString(1, sink);
      part.setInt(2, generation);
      part.executeUpdate();
    }
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedRow;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Many rows. Rows that are new go straight into the table by COPY, which is twice as fast as
 * anything else and right whatever the table holds: the first key that is there already ends it, is
 * undone to the savepoint before it, and the batch goes the other way, copied into a temporary
 * table of the session and written from there by one INSERT … ON CONFLICT.
 *
 * <p>Its buffers are used from batch to batch; {@link CopyHabit} knows what to expect.
 */
final class StagedLoad implements RowLoad {
  /** What is handed to the driver at a time, which it passes on to the socket as it is. */
  private static final int COPY_CHUNK_BYTES = 1 << 16;

  /** A whole batch of usual rows, as COPY has them. */
  private static final int KEPT_CAPACITY = 12 << 20;

  private static final String UNIQUE_VIOLATION = "23505";

  private final TextBuffer upserts = new TextBuffer();
  private final TextBuffer deletes = new TextBuffer();

  private final CopyHabit habit;

  StagedLoad(CopyHabit habit) {
    this.habit = habit;
  }

  /** Empties it for the next batch. */
  void reset() {
    upserts.reset();
    deletes.reset();
  }

  /** Empties it, and gives back the memory that only huge rows need. */
  void release() {
    upserts.release(KEPT_CAPACITY);
    deletes.release(KEPT_CAPACITY);
  }

  @Override
  public void add(RowReader reader, FoldedRow row) {
    reader.writeCopyLine(row, row.isDelete() ? deletes : upserts);
  }

  @Override
  public void write(Connection connection, RowStatements sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      if (deletes.size() > 0) {
        statement.execute(sql.makeKeyStage());
        copy(connection, sql.copyToKeyStage(), deletes);
        statement.execute(sql.deleteStaged());
      }
      if (upserts.size() > 0 && !insertOnly(connection, sql)) {
        statement.execute(sql.makeStage());
        copy(connection, sql.copyToStage(), upserts);
        statement.execute(sql.upsertStaged());
      }
    }
  }

  /**
   * Copies into the table itself; answers false, with nothing changed, if a key is there already.
   */
  private boolean insertOnly(Connection connection, RowStatements sql) throws SQLException {
    if (!habit.expectsNewRows()) {
      return false;
    }
    Savepoint before = connection.setSavepoint();
    try {
      copy(connection, sql.copyToTable(), upserts);
      connection.releaseSavepoint(before);
      habit.wereNew();
      return true;
    } catch (SQLException e) {
      if (!UNIQUE_VIOLATION.equals(e.getSQLState())) {
        throw e;
      }
      connection.rollback(before);
      habit.wereKnown();
      return false;
    }
  }

  private static void copy(Connection connection, String sql, TextBuffer lines)
      throws SQLException {
    CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(sql);
    try {
      for (int at = 0; at < lines.size(); at += COPY_CHUNK_BYTES) {
        copy.writeToCopy(lines.array(), at, Math.min(COPY_CHUNK_BYTES, lines.size() - at));
      }
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedRow;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Many rows: copied into temporary tables of the session, then written by one statement each. */
final class StagedLoad implements RowLoad {
  /** What is handed to the driver at a time, which it passes on to the socket as it is. */
  private static final int COPY_CHUNK_BYTES = 1 << 16;

  private final TextBuffer upserts = new TextBuffer();
  private final TextBuffer deletes = new TextBuffer();

  /** Empties it for the next batch. */
  void reset() {
    upserts.reset();
    deletes.reset();
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
      if (upserts.size() > 0) {
        statement.execute(sql.makeStage());
        copy(connection, sql.copyToStage(), upserts);
        statement.execute(sql.upsertStaged());
      }
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

package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedRow;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A few rows, each by a statement of its own, all sent at once: the quickest way for a batch that
 * holds only the last moment's changes. Parameters are text of no stated type, which the server
 * reads with the column's own input function, as COPY does.
 */
final class StatementLoad implements RowLoad {
  private final List<@Nullable String[]> upserts = new ArrayList<>();
  private final List<@Nullable String[]> deletes = new ArrayList<>();

  @Override
  public void add(RowReader reader, FoldedRow row) {
    (row.isDelete() ? deletes : upserts).add(reader.strings(row));
  }

  @Override
  public void write(Connection connection, RowStatements statements) throws SQLException {
    if (!deletes.isEmpty()) {
      int[] places = statements.deleteParameters();
      try (PreparedStatement delete = connection.prepareStatement(statements.delete())) {
        for (@Nullable String[] key : deletes) {
          for (int i = 0; i < places.length; i++) {
            set(delete, i + 1, key[places[i]]);
          }
          delete.addBatch();
        }
        delete.executeBatch();
      }
    }
    if (!upserts.isEmpty()) {
      try (PreparedStatement upsert = connection.prepareStatement(statements.upsert())) {
        for (@Nullable String[] row : upserts) {
          for (int i = 0; i < row.length; i++) {
            set(upsert, i + 1, row[i]);
          }
          upsert.addBatch();
        }
        upsert.executeBatch();
      }
    }
  }

  private static void set(PreparedStatement statement, int parameter, @Nullable String text)
      throws SQLException {
    if (text == null) {
      statement.setNull(parameter, Types.OTHER);
    } else {
      statement.setObject(parameter, text, Types.OTHER);
    }
  }
}

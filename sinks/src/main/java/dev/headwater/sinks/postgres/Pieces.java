package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.Refusal;
import dev.headwater.sinks.Refusals;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes rows of which some are refused: all at once, and where that fails, each half by itself,
 * behind a savepoint, down to single rows. A few bad rows among thousands cost a few dozen
 * statements. Deletes go first, as in any batch. For one transaction.
 */
final class Pieces {
  private final Connection connection;
  private final BatchLoad load;
  private final PreparedTable table;
  private final RowStatements sql;
  private final List<Refusal> refused = new ArrayList<>();
  private int taken;

  Pieces(Connection connection, BatchLoad load, PreparedTable table, RowStatements sql) {
    this.connection = connection;
    this.load = load;
    this.table = table;
    this.sql = sql;
  }

  /**
   * Writes all that the table takes.
   *
   * @return false if it gave up, for very many were refused and none was taken
   */
  boolean write(List<FoldedRow> rows) throws SQLException {
    boolean isWhole = half(rows.stream().filter(FoldedRow::isDelete).toList());
    return half(rows.stream().filter(row -> !row.isDelete()).toList()) && isWhole;
  }

  /** What was refused. */
  List<Refusal> refused() {
    return refused;
  }

  /** How many rows are in the table now. */
  int taken() {
    return taken;
  }

  private boolean half(List<FoldedRow> rows) throws SQLException {
    if (rows.isEmpty()) {
      return true;
    }
    if (taken == 0 && refused.size() > Refusals.MOST_IN_A_ROW) {
      return false;
    }
    Savepoint before = connection.setSavepoint();
    String reason;
    try {
      load.gather(table, rows).write(connection, sql);
      connection.releaseSavepoint(before);
      taken += rows.size();
      return true;
    } catch (BatchLoad.UnreadableRow e) {
      reason = "it is not what its schema says: " + e.getMessage();
    } catch (SQLException e) {
      if (!PostgresFailures.isAboutData(e)) {
        throw e;
      }
      reason = PostgresFailures.reason(e);
    }
    connection.rollback(before);
    connection.releaseSavepoint(before);
    if (rows.size() == 1) {
      refused.add(new Refusal(rows.get(0), reason));
      return true;
    }
    int middle = rows.size() / 2;
    return half(rows.subList(0, middle)) && half(rows.subList(middle, rows.size()));
  }
}

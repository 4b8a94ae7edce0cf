package dev.headwater.capture;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.BooleanSupplier;

/**
 * Waits for transactions that may have written to a table before it was published.
 *
 * <p>A row written before {@code ALTER PUBLICATION} and committed after a read of the table would
 * be neither streamed nor read. Once every transaction that was running at the change has ended, a
 * read sees all such rows.
 */
final class RunningTransactions {
  private final CaptureConfig config;
  private final Connection connection;

  RunningTransactions(CaptureConfig config, Connection connection) {
    this.config = config;
    this.connection = connection;
  }

  /** Returns when every transaction that runs now has ended, or when asked to stop. */
  void awaitEndOfPresent(BooleanSupplier stopped) throws InterruptedException {
    try (Statement statement = connection.createStatement()) {
      long next = ask(statement, "SELECT txid_snapshot_xmax(txid_current_snapshot())");
      while (!stopped.getAsBoolean()
          && ask(statement, "SELECT txid_snapshot_xmin(txid_current_snapshot())") < next) {
        Thread.sleep(100);
      }
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private static long ask(Statement statement, String sql) throws SQLException {
    try (ResultSet rs = statement.executeQuery(sql)) {
      rs.next();
      return rs.getLong(1);
    }
  }
}

package dev.headwater.snapshot;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Knows when every transaction has ended that may have written to a table before it was published.
 *
 * <p>A row written before {@code ALTER PUBLICATION} and committed after a read of the table would
 * be neither streamed nor read. Once every transaction that was running at the change has ended, a
 * read sees all such rows. Used by one thread.
 */
final class RunningTransactions {
  private static final String HOLDERS =
      """
      SELECT format('process %s (%s), running since %s', pid,
                    coalesce(nullif(application_name, ''), usename, 'unknown'),
                    to_char(xact_start, 'HH24:MI:SS'))
        FROM pg_catalog.pg_stat_activity
       WHERE backend_xid IS NOT NULL AND age(backend_xid) >= age((?::bigint - 1)::text::xid)
       UNION ALL
      SELECT format('prepared transaction %L of %s', gid, owner) FROM pg_catalog.pg_prepared_xacts
       WHERE age(transaction) >= age((?::bigint - 1)::text::xid)
       LIMIT 3
      """;

  private @Nullable Long presentEnd;
  private boolean haveEnded;

  /**
   * Who is still running of those that ran when this was first asked; empty when nobody is.
   *
   * @param connection in autocommit mode
   */
  Optional<String> stillRunning(Connection connection) throws SQLException {
    if (haveEnded) {
      return Optional.empty();
    }
    if (presentEnd == null) {
      presentEnd = ask(connection, "SELECT txid_snapshot_xmax(txid_current_snapshot())");
    }
    if (ask(connection, "SELECT txid_snapshot_xmin(txid_current_snapshot())") >= presentEnd) {
      haveEnded = true;
      return Optional.empty();
    }
    List<String> holders = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(HOLDERS)) {
      query.setLong(1, presentEnd & 0xFFFF_FFFFL);
      query.setLong(2, presentEnd & 0xFFFF_FFFFL);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          holders.add(row.getString(1));
        }
      }
    }
    return Optional.of(holders.isEmpty() ? "a transaction" : String.join("; ", holders));
  }

  private static long ask(Connection connection, String sql) throws SQLException {
    return Long.parseLong(SourceTables.ask(connection, sql));
  }
}

package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * One connection of the pool, as a reader uses it: watermarks between transactions, reads inside
 * them. Belongs to one thread.
 *
 * <p>Watermarks are transactional messages: their commit flushes the WAL, so that they come back at
 * once, on every version. They are committed locally, whatever standbys the source waits for.
 */
final class ReaderSession implements AutoCloseable {
  private static final int PG_CURRENT_SNAPSHOT_SINCE = 130_000;

  private final HikariDataSource pool;
  private final Connection connection;
  private final String snapshotSql;
  private volatile boolean isBroken;

  ReaderSession(HikariDataSource pool) throws SQLException {
    this.pool = pool;
    this.connection = pool.getConnection();
    // Reads only: the driver begins transactions so; outside of one it changes nothing.
    connection.setReadOnly(true);
    int version = Integer.parseInt(SourceTables.ask(connection, "SHOW server_version_num"));
    this.snapshotSql =
        version >= PG_CURRENT_SNAPSHOT_SINCE
            ? "SELECT pg_current_snapshot()::text"
            : "SELECT txid_current_snapshot()::text";
  }

  Connection connection() {
    return connection;
  }

  /** Writes a watermark; it is in the WAL when this returns. */
  void mark(Watermark mark) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_logical_emit_message(true, ?, ?)")) {
      statement.setString(1, Watermark.PREFIX);
      statement.setString(2, mark.text());
      statement.executeQuery().close();
    } catch (SQLException e) {
      isBroken = true;
      throw e;
    }
  }

  /** Begins a REPEATABLE READ transaction and says what it sees. */
  Visibility begin() throws SQLException {
    connection.setAutoCommit(false);
    return Visibility.parse(SourceTables.ask(connection, snapshotSql));
  }

  void end() throws SQLException {
    connection.commit();
    connection.setAutoCommit(true);
  }

  /**
   * A read was cut short: lines may be on their way, or a cancel request that would hit the
   * connection's next user, so nobody gets this one again.
   */
  void breakOff() {
    isBroken = true;
  }

  /** Cuts the connection, from any thread. */
  void abort() {
    isBroken = true;
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      org.slf4j.LoggerFactory.getLogger(ReaderSession.class)
          .atDebug()
          .setCause(e)
          .log("a reader's connection was not cut");
    }
  }

  boolean isBroken() {
    return isBroken;
  }

  @Override
  public void close() throws SQLException {
    if (isBroken) {
      pool.evictConnection(connection);
    } else {
      connection.close();
    }
  }
}

package dev.headwater.capture;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves an idle source on, so that its slot never holds WAL back that other databases wrote.
 *
 * <p>A slot moves with acknowledged changes of its own database only. So where WAL was written
 * since the last look, a small message is written into the captured database; it comes back through
 * the stream, its end goes into the position, and is acknowledged. Nothing is written to any table.
 * On a thread and a session of its own.
 */
final class Heartbeat implements AutoCloseable {
  static final String PREFIX = "headwater.heartbeat";
  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

  private final CaptureConfig config;
  private final ScheduledExecutorService timer;
  private final Connection connection;
  private String lastWal = "";

  Heartbeat(CaptureConfig config) {
    this.config = config;
    this.connection = SourceConnection.open(config);
    this.timer = Timers.start(config.name(), "heartbeat");
    Duration every = config.heartbeat();
    timer.scheduleWithFixedDelay(
        this::beat, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void beat() {
    try (Statement statement = connection.createStatement()) {
      if (!currentWal(statement).equals(lastWal)) {
        statement.execute("SELECT pg_logical_emit_message(false, '" + PREFIX + "', '')");
        lastWal = currentWal(statement);
      }
    } catch (SQLException e) {
      // The stream meets the same trouble and restarts capture, this thread with it.
      LOG.atWarn()
          .addKeyValue("connector", config.name())
          .addKeyValue("error", SourceConnection.firstLine(e))
          .log("heartbeat was not written");
    }
  }

  private static String currentWal(Statement statement) throws SQLException {
    try (ResultSet rs = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
      rs.next();
      return rs.getString(1);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    SourceConnection.closeQuietly(connection, "heartbeat");
  }
}

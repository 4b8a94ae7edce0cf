package dev.headwater.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;

/**
 * Sees when a contestant begins to read, or a sink to write, by asking PostgreSQL every few
 * milliseconds until it has: so the start of processes is in nobody's interval, and the first read
 * in everybody's. One thread of its own while it waits.
 */
final class SourceWatch implements AutoCloseable {
  /** Since when a session runs a statement that names the table, in microseconds; not our own. */
  static final String FIRST_STATEMENT =
      """
      SELECT (extract(epoch FROM min(query_start)) * 1000000)::bigint FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND query_start > to_timestamp(%d / 1000000.0)
        AND application_name <> 'benchmark'
        AND query ~* '^\\s*(copy|select|declare)\\M'
        AND query ~ '\\m%s\\M' AND query !~* 'pg_class|pg_catalog|pg_attribute|pg_publication'\
      """;

  /** Since when a session runs a statement that writes to such a table. */
  static final String FIRST_WRITE =
      """
      SELECT (extract(epoch FROM min(query_start)) * 1000000)::bigint FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND query_start > to_timestamp(%d / 1000000.0)
        AND application_name <> 'benchmark'
        AND query ~* '^\\s*(copy|insert|merge|with)\\M' AND query ~ '\\m%s\\M'\
      """;

  /** Now, if any of the slots is being read. */
  static final String SLOT_READ =
      """
      SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM pg_replication_slots
      WHERE slot_name = '%s' AND active\
      """;

  private final Connection connection;
  private final String sql;
  private final Thread thread;
  private volatile long micros;
  private volatile boolean closed;

  SourceWatch(Connection connection, String sql) {
    this.connection = connection;
    this.sql = sql;
    this.thread = new Thread(this::watch, "watch");
    thread.setDaemon(true);
    thread.start();
  }

  private void watch() {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      while (!closed && micros == 0) {
        try (ResultSet rows = statement.executeQuery()) {
          if (rows.next()) {
            micros = rows.getLong(1);
          }
        }
        Clock.pause(5);
      }
    } catch (SQLException e) {
      if (!closed) {
        throw new BenchmarkException("The source cannot be watched", e);
      }
    }
  }

  /** When it was first seen, in microseconds of wall-clock time; 0 before that. */
  long micros() {
    return micros;
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SQLException e) {
      throw new BenchmarkException("The watching session does not close", e);
    }
  }
}

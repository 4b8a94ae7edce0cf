package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;

/**
 * Reads whole tables of one source database, each from its first row to its last in one snapshot.
 *
 * <p>One for each connector, opened by whoever wires it, closed after the last read. {@link #read}
 * may be called by several threads; each call uses one connection of the pool while it lasts. The
 * pool connects when first asked and lets idle connections go.
 */
public final class SequentialSnapshot implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

  private final SnapshotFailures failures;
  private final HikariDataSource pool;

  private SequentialSnapshot(SnapshotFailures failures, HikariDataSource pool) {
    this.failures = failures;
    this.pool = pool;
  }

  /**
   * Prepares to read; no connection is made yet.
   *
   * @param connector whose tables are read, for messages and names
   * @param jdbcUrl the database
   * @param driverProperties user, password and whatever else the driver is to know
   * @param config how many reads at the same time there are at most
   */
  public static SequentialSnapshot open(
      String connector, String jdbcUrl, Properties driverProperties, SnapshotConfig config) {
    HikariConfig pool = new HikariConfig();
    pool.setPoolName(connector + "/snapshot");
    pool.setJdbcUrl(jdbcUrl);
    pool.setDataSourceProperties(driverProperties);
    pool.setConnectionInitSql(SourceSession.sql());
    pool.setMaximumPoolSize(config.parallelism());
    pool.setMinimumIdle(0);
    pool.setIdleTimeout(IDLE_TIMEOUT.toMillis());
    pool.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
    pool.setInitializationFailTimeout(-1);
    return new SequentialSnapshot(new SnapshotFailures(connector), new HikariDataSource(pool));
  }

  /**
   * Reads all rows of one table, each once, as they were at one moment after the call.
   *
   * <p>A partitioned table is read with all its partitions, a plain one without the tables that
   * inherit from it. Rows come in no particular order.
   *
   * @param schema which columns to read and how they are encoded; the table must still look so
   * @param masks masks by column name
   * @throws HeadwaterException SOURCE_UNREACHABLE if the database cannot be reached or hung up;
   *     SOURCE_NOT_READY if the table is not there or may not be read; SOURCE_INCONSISTENT if its
   *     columns are not those of the schema any more; CHANGE_NOT_WRITABLE if the log cannot hold a
   *     row. The sink may have got rows by then
   * @throws InterruptedException if the sink threw it or the thread was interrupted
   */
  public void read(
      TableSchema schema, Map<String, ColumnMask> masks, RowSink rows, SnapshotProgress progress)
      throws InterruptedException {
    try (Connection connection = pool.getConnection()) {
      boolean complete = false;
      try {
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        new TableRead(connection, schema, masks).run(rows, progress);
        connection.commit();
        complete = true;
      } finally {
        // A read that was cut short may leave lines on their way, or a cancel request that would
        // hit the connection's next user, so nobody gets this one again.
        if (!complete) {
          pool.evictConnection(connection);
        }
      }
    } catch (SQLException | IOException e) {
      if (Thread.interrupted()) {
        throw interrupted(schema, e);
      }
      throw failures.translate(schema.table(), e);
    }
  }

  /** Closes the pool; reads under way fail. */
  @Override
  public void close() {
    pool.close();
  }

  private static InterruptedException interrupted(TableSchema schema, Exception cause) {
    InterruptedException interrupted =
        new InterruptedException("interrupted while reading " + schema.table());
    interrupted.initCause(cause);
    return interrupted;
  }
}

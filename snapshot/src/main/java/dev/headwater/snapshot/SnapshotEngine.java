package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoader;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Loads the tables of one connector beside its stream: in parallel, chunk by chunk, going on where
 * the log says that the loads stand.
 *
 * <p>One for each connector, opened by whoever wires it and closed after capture. The pool connects
 * when first asked and lets idle connections go. Thread-safe.
 */
public final class SnapshotEngine implements TableLoader, AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final String SOCKET_TIMEOUT_SECONDS = "120";
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

  /** Beside the readers' connections: that of planning, sweeping and requests. */
  private static final int MORE_CONNECTIONS = 2;

  private final LogConnection log;
  private final SnapshotConfig config;
  private final SourceTables sources;
  private final HikariDataSource pool;
  private final LoadRequests requests;
  private final Sweep sweep;
  private volatile @Nullable LoadRun current;

  private SnapshotEngine(
      LogConnection log, String connector, HikariDataSource pool, SnapshotConfig config) {
    this.log = log;
    this.config = config;
    this.pool = pool;
    this.sources = new SourceTables(connector, Boolean.getBoolean("headwater.snapshot.by_key"));
    this.requests = new LoadRequests(log, connector, pool);
    this.sweep = new Sweep(log, pool);
  }

  /**
   * Prepares to load; no connection is made yet.
   *
   * @param connector whose tables are loaded
   * @param jdbcUrl the database
   * @param driverProperties user, password and whatever else the driver is to know
   */
  public static SnapshotEngine open(
      LogConnection log,
      String connector,
      String jdbcUrl,
      Properties driverProperties,
      SnapshotConfig config) {
    HikariConfig pool = new HikariConfig();
    pool.setPoolName(connector + "/snapshot");
    pool.setJdbcUrl(jdbcUrl);
    pool.setDataSourceProperties(driverProperties);
    // A reader whose connection was forgotten on its way must not wait for ever.
    pool.getDataSourceProperties().putIfAbsent("socketTimeout", SOCKET_TIMEOUT_SECONDS);
    // A read must see its table from front to back, in one process; a watermark must not wait for
    // standbys that the source's writers wait for.
    pool.setConnectionInitSql(
        SourceSession.sql()
            + "; SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0"
            + "; SET jit = off; SET synchronous_commit = local");
    pool.setTransactionIsolation("TRANSACTION_REPEATABLE_READ");
    pool.setMaximumPoolSize(config.parallelism() + MORE_CONNECTIONS);
    pool.setMinimumIdle(0);
    pool.setIdleTimeout(IDLE_TIMEOUT.toMillis());
    pool.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
    pool.setInitializationFailTimeout(-1);
    return new SnapshotEngine(log, connector, new HikariDataSource(pool), config);
  }

  @Override
  public Loading begin(LoadSession session) {
    LoadRun run =
        new LoadRun(
            session, pool, sources, config, new SnapshotStore(log).loads(), requests, sweep);
    current = run;
    run.start();
    return run;
  }

  /** How far the loads are; without tables before the first session. */
  public SnapshotReport report() {
    LoadRun run = current;
    return run == null ? new SnapshotReport(List.of()) : run.report();
  }

  /** Closes the pool; reads under way fail. */
  @Override
  public void close() {
    requests.close();
    pool.close();
  }
}

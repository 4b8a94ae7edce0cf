package dev.headwater.sinks.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A replica in PostgreSQL: the source's tables with the same columns and key, under a schema of
 * their own.
 *
 * <p>A batch and its checkpoint are one transaction. Generations stand in {@code
 * headwater.generation}: for each its number and the schema its tables are in, which a batch looks
 * up and holds in its transaction. So a later generation can be built in {@code <schema>_g2} beside
 * the serving one, and a switch is two renames and two rows, in one transaction that waits for the
 * batches at work.
 */
public final class PostgresSink implements Sink {
  private static final int MAX_CONNECTIONS = 8;

  private final SinkConfig.Postgres config;
  private final ReplicaState state;
  private final EnumLabels labels = new EnumLabels();
  private final Map<TableId, Map<Integer, ReplicaTable>> tables = new ConcurrentHashMap<>();
  private @Nullable HikariDataSource pool;

  public PostgresSink(SinkConfig.Postgres config) {
    this.config = config;
    this.state = new ReplicaState(config.name(), config.schema());
  }

  @Override
  public String name() {
    return config.name();
  }

  SinkConfig.Postgres config() {
    return config;
  }

  ReplicaState state() {
    return state;
  }

  @Override
  public synchronized void prepare(TableSchema schema) {
    try (Connection connection = connection()) {
      connection.setAutoCommit(false);
      state.make(connection);
      ReplicaTable table = new ReplicaTable(schema, labels);
      table.make(connection, config.name(), state.schemaOf(connection));
      connection.commit();
      tables
          .computeIfAbsent(schema.table(), id -> new ConcurrentHashMap<>())
          .put(schema.version(), table);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** How rows of one version of a table are written. */
  ReplicaTable table(TableId table, int version) {
    ReplicaTable found = tables.getOrDefault(table, Map.of()).get(version);
    if (found == null) {
      throw new IllegalStateException("version " + version + " of " + table + " is not prepared");
    }
    return found;
  }

  /** The newest version of a table that is prepared. */
  ReplicaTable latest(TableId table) {
    return tables.getOrDefault(table, Map.of()).entrySet().stream()
        .max(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .orElseThrow(() -> new IllegalStateException(table + " is not prepared"));
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    try {
      return PostgresPartitionWriter.take(this, partition);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  synchronized Connection connection() throws SQLException {
    if (pool == null) {
      pool = open();
    }
    return pool.getConnection();
  }

  private HikariDataSource open() throws SQLException {
    HikariConfig hikari = new HikariConfig();
    String url = config.url();
    hikari.setJdbcUrl(url.startsWith("jdbc:") ? url : "jdbc:" + url);
    config.user().ifPresent(hikari::setUsername);
    config.password().ifPresent(password -> hikari.setPassword(password.reveal()));
    hikari.setPoolName("headwater/" + config.name());
    hikari.setMaximumPoolSize(MAX_CONNECTIONS);
    hikari.setMinimumIdle(0);
    hikari.setConnectionTimeout(10_000);
    hikari.setInitializationFailTimeout(-1);
    hikari.setConnectionInitSql(SourceSession.sql());
    hikari.addDataSourceProperty("ApplicationName", "headwater/" + config.name());
    hikari.addDataSourceProperty("tcpKeepAlive", "true");
    return new HikariDataSource(hikari);
  }

  HeadwaterException failure(SQLException e) {
    return PostgresFailures.translate(config, e);
  }

  @Override
  public synchronized void close() {
    if (pool != null) {
      pool.close();
      pool = null;
    }
  }
}

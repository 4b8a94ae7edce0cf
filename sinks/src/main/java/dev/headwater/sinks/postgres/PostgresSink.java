package dev.headwater.sinks.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.KeyScan;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import dev.headwater.sinks.SinkTables;
import dev.headwater.sinks.postgres.StateTables.Generation;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.Driver;

/**
 * A replica in PostgreSQL: for each table of the log a table whose rows equal the source's, value
 * for value.
 *
 * <p><b>Generations.</b> Readers use the schema {@code <schema>}. The first generation is born with
 * that name and serves while it is filled, since there is nothing else to read. A later one is made
 * beside it as {@code <schema>_g2} and takes over by renaming both schemas in one transaction.
 * Writers never use the readers' name: each batch takes the sink's advisory lock in shared mode and
 * looks up, in {@code headwater.generation}, what its own generation is called; a switch holds the
 * lock exclusively. {@link StateTables} draws the tables, {@link ReplicaNames} the names.
 *
 * <p><b>Fence.</b> A partition's row in {@code headwater.checkpoint} names its owner by a random
 * word, given anew at each {@link #take}: unlike a counter it stays unique when the target is
 * restored from a backup. {@link ReplicaWriter} tells the rest.
 *
 * <p>May be used from any thread. Each writer borrows a connection for the time of a batch.
 */
public final class PostgresSink implements Sink {
  /**
   * As many batches at a time as a small target bears; a sink worker asks for no more by itself.
   */
  public static final int DEFAULT_CONNECTIONS = 8;

  private final SinkConfig.Postgres config;
  private final int number;
  private final Twins twins;
  private final ReplicaNames names;
  private final StateTables state;
  private final PostgresFailures failures;
  private final HikariDataSource pool;
  private final EnumLabels labels = new EnumLabels();
  private final Map<TableId, PreparedTable> tables = new ConcurrentHashMap<>();

  /** The sink of a configuration, with {@link #DEFAULT_CONNECTIONS}. */
  public PostgresSink(SinkConfig.Postgres config) {
    this(config, DEFAULT_CONNECTIONS);
  }

  /**
   * The sink of a configuration; nothing is asked of the target yet.
   *
   * @param connections how many at most: as many as partitions are written at the same time
   * @throws HeadwaterException CONFIGURATION_INVALID if the schema's name cannot be used
   */
  public PostgresSink(SinkConfig.Postgres config, int connections) {
    this(config, 1, connections, new Twins());
  }

  /**
   * @param number which generation is written
   * @param twins the generations of the sink that this process writes
   */
  PostgresSink(SinkConfig.Postgres config, int number, int connections, Twins twins) {
    this.config = config;
    this.number = number;
    this.twins = twins;
    this.names = ReplicaNames.of(config);
    this.state = new StateTables(names);
    this.failures = new PostgresFailures(config.name(), grants(config, names));
    this.pool = PostgresPool.open(config, connections);
    twins.add(this);
  }

  @Override
  public int generation() {
    return number;
  }

  @Override
  public Optional<KeyScan> keyScan() {
    return Optional.of(new ReplicaKeys(this, state, number));
  }

  @Override
  public String name() {
    return names.sink();
  }

  @Override
  public void prepare(TableSchema schema) {
    ReplicaTable table =
        inTransaction(
            "preparing table '" + schema.table() + "'",
            connection -> {
              state.lockExclusively(connection);
              state.ensure(connection);
              Generation generation = ownOrFirst(connection);
              return new ReplicaTables(connection, names, state, labels)
                  .prepare(generation, schema);
            });
    tables.merge(
        schema.table(),
        new PreparedTable(table, Map.of(schema.version(), schema)),
        (known, fresh) -> known.with(fresh.table(), schema));
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    preparedTable(partition.table());
    String owner = UUID.randomUUID().toString();
    return inTransaction(
        "taking partition " + partition,
        connection -> {
          Generation generation = state.generation(connection, number).orElseThrow(this::gone);
          if (generation.state().equals("dropping")) {
            throw gone();
          }
          CheckpointStatements fence =
              new CheckpointStatements(names, generation.number(), partition);
          return new ReplicaWriter(
              this, partition, generation.number(), fence, fence.take(connection, owner));
        });
  }

  @Override
  public void close() {
    twins.remove(this);
    pool.close();
  }

  @Override
  public ReadBack readBack() {
    return new ReplicaReadBack(this, names, state, generation());
  }

  /** Does something in a transaction that changes nothing. */
  <T> T read(String doing, Work<T> work) {
    return inTransaction(
        doing,
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("SET TRANSACTION READ ONLY");
          }
          return work.in(connection);
        });
  }

  Connection connect() throws SQLException {
    return pool.getConnection();
  }

  PostgresFailures failures() {
    return failures;
  }

  EnumLabels labels() {
    return labels;
  }

  PreparedTable preparedTable(TableId table) {
    PreparedTable prepared = tables.get(table);
    if (prepared == null) {
      throw new HeadwaterException(
          FailureCode.INTERNAL,
          "Table '%s' – was never prepared by sink '%s'".formatted(table, name()),
          "Restart the sink, and report this: it is a defect.");
    }
    return prepared;
  }

  /**
   * Gives the replica's enums the labels that rows about to be written need. In a transaction of
   * its own: PostgreSQL lets nobody use a label in the transaction that adds it.
   */
  void addMissingLabels() {
    Map<String, Set<String>> missing = labels.missing();
    if (!missing.isEmpty()) {
      inTransaction(
          "adding labels to an enum",
          connection -> {
            state.lockExclusively(connection);
            ReplicaTypes types = new ReplicaTypes(connection, names, labels);
            for (Map.Entry<String, Set<String>> type : missing.entrySet()) {
              types.addLabels(type.getKey(), type.getValue());
            }
            return missing;
          });
      missing.forEach(labels::learn);
    }
  }

  /** Rolls back on the way out of a failure, which stays the one that is told. */
  static void rollback(Connection connection, Exception failure) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  /** The generation as it stands; the first is made where there is none of the sink. */
  private Generation ownOrFirst(Connection connection) throws SQLException {
    List<Generation> all = state.generations(connection);
    if (all.isEmpty() && number == 1) {
      return state.addFirst(connection, "first", SinkDefinition.text(config));
    }
    return all.stream()
        .filter(g -> g.number() == number && !g.state().equals("dropping"))
        .findFirst()
        .orElseThrow(this::gone);
  }

  private HeadwaterException gone() {
    return new HeadwaterException(
        FailureCode.FENCED,
        "Sink '%s' – generation %d is gone from the target".formatted(name(), number),
        "Nothing to do: the sink looks again at what there is.");
  }

  Twins twins() {
    return twins;
  }

  ReplicaNames names() {
    return names;
  }

  /** A table as it was prepared; empty if it was not, or if the generation does not have it. */
  Optional<PreparedTable> preparedIfAny(TableId table) {
    return Optional.ofNullable(tables.get(table));
  }

  /** Whether the generation's definition has a table. */
  boolean holds(TableId table) {
    return SinkTables.of(config).test(table);
  }

  <T> T inTransaction(String doing, Work<T> work) {
    try (Connection connection = pool.getConnection()) {
      try {
        T result = work.in(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException e) {
        rollback(connection, e);
        throw e;
      }
    } catch (SQLException e) {
      throw failures.of(e, doing);
    }
  }

  /** The SQL an owner of the database runs for the sink's role, ready to be pasted. */
  static String grants(SinkConfig.Postgres config, ReplicaNames names) {
    String role = SqlNames.quote(config.user().orElse("the sink's role"));
    Properties url = Driver.parseURL(PostgresPool.jdbcUrl(config.url()), null);
    String database =
        SqlNames.quote(url == null ? "the database" : url.getProperty("PGDBNAME", "the database"));
    return Stream.of(ReplicaNames.STATE, names.schema(), names.types())
        .map(schema -> "CREATE SCHEMA %s AUTHORIZATION %s;".formatted(SqlNames.quote(schema), role))
        .collect(
            Collectors.joining(
                " ",
                "",
                " (or, which rebuilds need: GRANT CREATE, TEMPORARY ON DATABASE %s TO %s;)"
                    .formatted(database, role)));
  }

  /** What is done inside one transaction. */
  interface Work<T> {
    T in(Connection connection) throws SQLException;
  }
}

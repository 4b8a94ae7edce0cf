package dev.headwater.sinks.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.GenerationSet;
import dev.headwater.sinks.Generations;
import dev.headwater.sinks.Promotion;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The generations of a replica: schemas beside each other, of which the serving one bears the
 * readers' name. {@link StateTables} draws what is noted of them; {@link Surroundings} copies what
 * belongs to tables, {@link Switch} exchanges names, {@link Removal} drops.
 *
 * <p>Every step is a transaction that holds the sink's advisory lock exclusively, which batches
 * hold in shared mode: what a step finds holds until it commits.
 */
public final class PostgresGenerations implements Generations {
  private static final int CONNECTIONS = 2;

  private final SinkConfig.Postgres config;
  private final ReplicaNames names;
  private final StateTables state;
  private final PostgresFailures failures;
  private final HikariDataSource pool;
  private final Twins twins = new Twins();

  /** The generations of a sink; nothing is asked of the target yet. */
  public PostgresGenerations(SinkConfig.Postgres config) {
    this.config = config;
    this.names = ReplicaNames.of(config);
    this.state = new StateTables(names);
    this.failures = new PostgresFailures(config.name(), PostgresSink.grants(config, names));
    this.pool = PostgresPool.openPatient(config, CONNECTIONS);
  }

  @Override
  public String sink() {
    return config.name();
  }

  @Override
  public Kind kind() {
    return Kind.BESIDE;
  }

  @Override
  public GenerationSet read() {
    return inTransaction(
        "reading its state",
        connection ->
            state.isMade(connection) ? readSet(connection) : new GenerationSet(List.of(), ""));
  }

  private GenerationSet readSet(Connection connection) throws SQLException {
    // Refuses a replica that was made for readers of another schema.
    state.generations(connection);
    String sql =
        """
        SELECT generation, state, definition, is_kept, request,
               (extract(epoch FROM since) * 1000)::bigint
          FROM headwater.generation WHERE sink = ? ORDER BY generation
        """;
    List<Generation> all = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.sink());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          all.add(
              new Generation(
                  row.getInt(1),
                  Generation.State.valueOf(row.getString(2).toUpperCase(Locale.ROOT)),
                  row.getString(3),
                  row.getBoolean(4),
                  row.getString(5),
                  row.getLong(6)));
        }
      }
    }
    return new GenerationSet(all, lastRequest(connection));
  }

  private String lastRequest(Connection connection) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT last_request FROM headwater.sink WHERE sink = ?")) {
      query.setString(1, names.sink());
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? row.getString(1) : "";
      }
    }
  }

  @Override
  public Map<String, Checkpoint> checkpoints(int number) {
    return inTransaction(
        "reading checkpoints", connection -> readCheckpoints(connection, names, number));
  }

  /** How far each partition of a generation is, by {@link LogPartition#toString}. */
  static Map<String, Checkpoint> readCheckpoints(
      Connection connection, ReplicaNames names, int number) throws SQLException {
    String sql =
        """
        SELECT topic, partition, topic_id, next_offset, level_at_ms FROM headwater.checkpoint
         WHERE sink = ? AND generation = ? AND topic_id IS NOT NULL
        """;
    Map<String, Checkpoint> found = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.sink());
      query.setInt(2, number);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(
              row.getString(1) + "/" + row.getInt(2),
              new Checkpoint(number, row.getString(3), row.getLong(4), row.getLong(5)));
        }
      }
    }
    return found;
  }

  @Override
  public GenerationSet begin(String request, String definition, boolean keepPrevious) {
    return inTransaction(
        "beginning a generation",
        connection -> {
          state.lockExclusively(connection);
          state.ensure(connection);
          GenerationSet now = readSet(connection);
          boolean isDone = request.equals(now.lastRequest()) && !now.all().isEmpty();
          if (now.live().isEmpty()) {
            state.addFirst(connection, request, definition);
          } else if (!isDone && now.building().isEmpty()) {
            if (now.previous().isPresent()) {
              throw notReady(
                  "its previous generation is still there", "It is dropped first, by itself.");
            }
            new Surroundings(connection, names, state).requireSwitchable();
            StateTables.Generation made =
                state.add(connection, null, "building", request, definition, keepPrevious);
            execute(connection, "CREATE SCHEMA " + SqlNames.quote(made.schemaName()));
          }
          return readSet(connection);
        });
  }

  @Override
  public Sink open(Generation generation) {
    SinkConfig.Postgres own =
        (SinkConfig.Postgres) SinkDefinition.apply(generation.definition(), config);
    return new PostgresSink(own, generation.number(), PostgresSink.DEFAULT_CONNECTIONS, twins);
  }

  @Override
  public Promotion finish(int number) {
    return inTransaction(
        "finishing generation " + number,
        connection -> new Finish(connection, names, state).step(number));
  }

  @Override
  public Promotion promote(int number, String request, Map<LogPartition, Long> atLeast) {
    return inTransaction(
        "switching to generation " + number,
        connection -> new Switch(connection, names, state).to(number, request, atLeast));
  }

  @Override
  public Promotion drop(int number, String request) {
    return inTransaction(
        "dropping generation " + number,
        connection -> new Removal(connection, names, state).step(number, request));
  }

  private HeadwaterException notReady(String finding, String hint) {
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY, "Sink '%s' – %s".formatted(names.sink(), finding), hint);
  }

  private <T> T inTransaction(String doing, PostgresSink.Work<T> work) {
    try (Connection connection = pool.getConnection()) {
      try {
        T result = work.in(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException e) {
        PostgresSink.rollback(connection, e);
        throw e;
      }
    } catch (SQLException e) {
      throw failures.of(e, doing);
    }
  }

  /** One statement that answers nothing. */
  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The first column of a query with text parameters. */
  static List<String> texts(Connection connection, String sql, Object... parameters)
      throws SQLException {
    List<String> found = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        query.setObject(i + 1, parameters[i]);
      }
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(row.getString(1));
        }
      }
    }
    return found;
  }

  @Override
  public void close() {
    pool.close();
  }
}

package dev.headwater.benchmarks;

import dev.headwater.devservices.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A replica, read at each isolation, by prepared statements and through a view of another schema.
 */
final class PostgresSwitch implements SwitchTarget {
  private static final String NAME = "postgres";
  private static final String TABLE = "shop." + SwitchBenchmark.TABLE;
  private static final int READS_PER_TRANSACTION = 3;

  private final PostgresServer server;
  private final Connection session;
  private final Connection meter;
  private final long rows;

  PostgresSwitch(Lab lab, long rows) {
    this.server = lab.servers.postgres("target");
    this.session = connect();
    this.meter = connect();
    this.rows = rows;
    Progress.say(
        "the replica listens on port " + server.port() + "; pg_dump is not among its readers");
  }

  private Connection connect() {
    Connection connection = Servers.connect(server);
    // A reader takes one core at most.
    Tables.execute(connection, "SET max_parallel_workers_per_gather = 0");
    return connection;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public long pid() {
    return server.pid();
  }

  @Override
  public String yaml(String topic) {
    return """
      - name: %s
        type: postgres
        url: postgresql://127.0.0.1:%d/postgres
        user: postgres
        password: postgres
        tables: [%s]
        schema: shop
    """
        .formatted(NAME, server.port(), topic);
  }

  @Override
  public long rows() {
    boolean isThere =
        Tables.number(session, "SELECT (to_regclass('" + TABLE + "') IS NOT NULL)::int") == 1;
    return isThere ? Tables.number(session, "SELECT count(*) FROM " + TABLE) : 0;
  }

  @Override
  public void surround() {
    Tables.execute(
        session, "CREATE SCHEMA outside", "CREATE VIEW outside.live AS SELECT * FROM " + TABLE);
  }

  @Override
  public List<Reader> readers() {
    return List.of(
        new Reader("prepared SELECT * of 100 rows", Prepared::new),
        new Reader("count and sum", () -> new Sums(TABLE, 1)),
        new Reader("count and sum, repeatable read", () -> new Sums(TABLE, READS_PER_TRANSACTION)),
        new Reader("count and sum of an outside view", () -> new Sums("outside.live", 1)));
  }

  @Override
  public List<Held> hold() {
    return List.of(new Held("repeatable read from before the load", true, new OldSnapshot()));
  }

  @Override
  public void spoil(List<Long> changed, List<Long> deleted, List<Long> added) {
    Tables.execute(
        session,
        "UPDATE " + TABLE + " SET version = -1 WHERE id IN " + list(changed),
        "DELETE FROM " + TABLE + " WHERE id IN " + list(deleted),
        "INSERT INTO "
            + TABLE
            + " SELECT (jsonb_populate_record(t, jsonb_build_object('id', g))).* FROM "
            + TABLE
            + " t, unnest(ARRAY"
            + added
            + "::bigint[]) g WHERE t.id = 1");
  }

  private static String list(List<Long> ids) {
    return ids.stream().map(String::valueOf).collect(Collectors.joining(", ", "(", ")"));
  }

  @Override
  public long diskBytes() {
    return Tables.number(meter, "SELECT pg_database_size(current_database())");
  }

  @Override
  public OptionalLong lockTimeouts() {
    try (Stream<String> lines = Files.lines(server.logFile())) {
      return OptionalLong.of(lines.filter(line -> line.contains("due to lock timeout")).count());
    } catch (IOException e) {
      throw new BenchmarkException("PostgreSQL's log cannot be read", e);
    }
  }

  @Override
  public boolean isDropped() {
    return Tables.number(session, "SELECT count(*) FROM headwater.generation") == 1;
  }

  @Override
  public void close() {
    try {
      meter.close();
      session.close();
    } catch (SQLException e) {
      throw new BenchmarkException("a session does not close", e);
    }
  }

  private record Sum(long rows, long versions) {}

  private Sum sum(Connection connection, String relation) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*), sum(version) FROM " + relation + " WHERE id <= " + rows)) {
      row.next();
      return new Sum(row.getLong(1), row.getLong(2));
    }
  }

  /** Few rows, often, by one prepared statement; knows the table that answers. */
  private final class Prepared implements Reader.Reading {
    private final Connection connection = connect();
    private final PreparedStatement statement;
    private final Versions versions = new Versions(LiveWriter.HOT_ROWS);

    Prepared() throws SQLException {
      this.statement =
          connection.prepareStatement(
              "SELECT t.*, t.tableoid::bigint AS answering FROM " + TABLE + " t WHERE id <= ?");
    }

    @Override
    public void once(ReadLog log) throws SQLException {
      statement.setLong(1, LiveWriter.HOT_ROWS);
      int found = 0;
      try (ResultSet row = statement.executeQuery()) {
        for (; row.next(); found++) {
          versions.saw(row.getLong("id"), row.getLong("version"), log);
          log.servedBy(row.getString("answering"));
        }
      }
      log.requireRows(LiveWriter.HOT_ROWS, found);
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  /** All rows counted, one statement or some of one snapshot. */
  private final class Sums implements Reader.Reading {
    private final Connection connection = connect();
    private final String relation;
    private final int times;
    private long last;

    Sums(String relation, int times) throws SQLException {
      this.relation = relation;
      this.times = times;
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(
          times == 1
              ? Connection.TRANSACTION_READ_COMMITTED
              : Connection.TRANSACTION_REPEATABLE_READ);
    }

    @Override
    public void once(ReadLog log) throws SQLException {
      Sum first = sum(connection, relation);
      log.requireRows(rows, first.rows());
      log.requireNotBelow(last, first.versions(), "the sum");
      for (int i = 1; i < times; i++) {
        Sum again = sum(connection, relation);
        log.requireRows(rows, again.rows());
        // Switched over in its middle it may find newer rows, for the new generation may be ahead.
        log.requireNotBelow(first.versions(), again.versions(), "a snapshot's sum");
      }
      connection.commit();
      last = first.versions();
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  /** A report's transaction, or pg_dump's: its snapshot is older than the load. */
  private final class OldSnapshot implements Reader.Reading {
    private final Connection connection = connect();
    private final Sum first;

    OldSnapshot() {
      try {
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        this.first = sum(connection, TABLE);
      } catch (SQLException e) {
        throw new BenchmarkException("the old snapshot cannot be taken", e);
      }
    }

    @Override
    public void once(ReadLog log) throws SQLException {
      Sum now = sum(connection, TABLE);
      log.requireRows(first.rows(), now.rows());
      log.requireNotBelow(first.versions(), now.versions(), "the snapshot's sum");
      log.requireNotBelow(now.versions(), first.versions(), "the snapshot's sum, before");
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }
}

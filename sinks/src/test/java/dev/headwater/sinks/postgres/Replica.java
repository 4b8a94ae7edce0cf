package dev.headwater.sinks.postgres;

import dev.headwater.devservices.DevServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.log.config.Secret;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTarget;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A database of its own on a server, with one sink's replica in it, and SQL to look at it. */
final class Replica implements SinkTarget {
  static final String SCHEMA = "shop";

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final PostgresServer server;
  private final boolean isAlone;
  private final String database;
  private final String urlEnd;

  private Replica(PostgresServer server, boolean isAlone, String urlEnd) {
    this.server = server;
    this.isAlone = isAlone;
    this.database = "replica_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    this.urlEnd = urlEnd;
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + database);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static Replica on(PostgresServer server) {
    return new Replica(server, false, "");
  }

  /** On a server that ends with it; its sinks give a frozen server up after seconds. */
  static Replica alone() {
    return new Replica(PostgresServer.start(), true, "?socketTimeout=3");
  }

  @Override
  public Sink open() {
    return open("reporting", SCHEMA);
  }

  PostgresSink open(String sink, String schema) {
    return new PostgresSink(config(sink, schema, PostgresServer.USER));
  }

  SinkConfig.Postgres config(String sink, String schema, String user) {
    return new SinkConfig.Postgres(
        sink,
        "postgresql://127.0.0.1:" + server.port() + "/" + database + urlEnd,
        Optional.of(user),
        Optional.of(new Secret(PostgresServer.PASSWORD)),
        List.of("shop.*"),
        schema);
  }

  Connection connect() {
    try {
      return connect(database);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  String database() {
    return database;
  }

  void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** The rows of a query, its columns joined by {@code |}. */
  List<String> query(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (row.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
          columns.add(String.valueOf(row.getString(i)));
        }
        rows.add(String.join("|", columns));
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  @Override
  public Optional<String> read(TableSchema table, String key) {
    String same =
        table.key().stream()
            .map(name -> SqlNames.quote(name) + " = k." + SqlNames.quote(name))
            .map(condition -> "t." + condition)
            .collect(Collectors.joining(" AND "));
    return query(
            "SELECT to_json(t) FROM %s t, json_populate_record(NULL::%s, %s) k WHERE %s"
                .formatted(name(table), name(table), SqlNames.literal(key), same))
        .stream()
        .findFirst();
  }

  @Override
  public long count(TableSchema table) {
    return Long.parseLong(query("SELECT count(*) FROM " + name(table)).get(0));
  }

  @Override
  public void byHand(TableSchema table, String key, @Nullable String row) {
    String same =
        table.key().stream()
            .map(SqlNames::quote)
            .map(column -> "t." + column + " = k." + column)
            .collect(Collectors.joining(" AND "));
    execute(
        "DELETE FROM %s t USING json_populate_record(NULL::%s, %s) k WHERE %s"
            .formatted(name(table), name(table), SqlNames.literal(key), same));
    if (row != null) {
      execute(
          "INSERT INTO %s SELECT * FROM json_populate_record(NULL::%s, %s)"
              .formatted(name(table), name(table), SqlNames.literal(row)));
    }
  }

  @Override
  public DevServer server() {
    return server;
  }

  @Override
  public void close() {
    if (isAlone) {
      server.close();
    }
  }

  private static String name(TableSchema table) {
    return SqlNames.qualified(SCHEMA, table.table().name());
  }

  private Connection connect(String to) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl(to), PostgresServer.USER, PostgresServer.PASSWORD);
  }
}

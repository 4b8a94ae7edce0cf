package dev.headwater.log.catalog;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** A database of a test's own in the shared PostgreSQL, made anew. */
public final class TestDatabase {
  private final String name;

  private TestDatabase(String name) {
    this.name = name;
  }

  /** Makes the database, dropping what an earlier run may have left. */
  public static TestDatabase create(String name) throws SQLException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("DROP DATABASE IF EXISTS " + name);
      statement.execute("CREATE DATABASE " + name);
    }
    return new TestDatabase(name);
  }

  /** A plain connection of the superuser. */
  public Connection connect() throws SQLException {
    return connect(name);
  }

  /** A connection with the settings in which a source is read. */
  public Connection connectAsSource() throws SQLException {
    Connection connection = connect();
    SourceSession.applyTo(connection);
    return connection;
  }

  /** Runs statements in a connection of their own. */
  public void execute(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        SharedServices.postgres().jdbcUrl(database), PostgresServer.USER, PostgresServer.PASSWORD);
  }
}

package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresServerIT {
  @Test
  void answersSqlAndIsReadyToBeCapturedDurably() throws SQLException {
    try (PostgresServer server = PostgresServer.start()) {
      assertThat(query(server, "SHOW fsync")).isEqualTo("on");
      assertThat(query(server, "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(query(server, "SHOW full_page_writes")).isEqualTo("on");
      assertThat(query(server, "SHOW wal_level")).isEqualTo("logical");
      assertThat(query(server, "SHOW max_wal_senders")).isEqualTo("20");
      assertThat(query(server, "SHOW max_replication_slots")).isEqualTo("20");
      assertThat(query(server, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(query(server, "SHOW server_encoding")).isEqualTo("UTF8");
      assertThat(query(server, "SELECT upper('äж')")).isEqualTo("ÄЖ");
    }
  }

  @Test
  void keepsACommittedRowOverAKillAndARestart() throws SQLException {
    try (PostgresServer server = PostgresServer.start()) {
      execute(server, "CREATE TABLE kept (id int)");
      execute(server, "INSERT INTO kept VALUES (42)");
      int port = server.port();
      long pid = server.pid();

      server.kill();
      assertThat(server.isAlive()).isFalse();
      Processes.assertGone(pid, port);
      server.restart();

      assertThat(server.port()).isEqualTo(port);
      assertThat(server.pid()).isNotEqualTo(pid);
      assertThat(query(server, "SELECT id FROM kept")).isEqualTo("42");
    }
  }

  @Test
  void isGoneAfterCloseAndTakesItsTemporaryDataWithIt() {
    PostgresServer server = PostgresServer.start();
    long pid = server.pid();

    server.close();
    server.close();

    Processes.assertGone(pid, server.port());
    assertThat(server.dataDir()).doesNotExist();
  }

  @Test
  void goesOnWithADirectoryTheCallerKept(@TempDir Path directory) throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    ServerOptions options = ServerOptions.defaults().withDataDir(directory);
    try (PostgresServer first = PostgresServer.start(options)) {
      execute(first, "CREATE TABLE kept AS SELECT 7 AS id");
    }
    try (PostgresServer second = PostgresServer.start(options)) {
      assertThat(query(second, "SELECT id FROM kept")).isEqualTo("7");
    }
  }

  @Test
  void takesSettingsOfTheCaller() throws SQLException {
    ServerOptions options = ServerOptions.defaults().withSetting("wal_sender_timeout", "3s");
    try (PostgresServer server = PostgresServer.start(options)) {
      assertThat(query(server, "SHOW wal_sender_timeout")).isEqualTo("3s");
    }
  }

  @Test
  void saysWhatTheServerSaidWhenItDoesNotComeUp() {
    ServerOptions options = ServerOptions.defaults().withSetting("wal_level", "nonsense");

    assertThatThrownBy(() -> PostgresServer.start(options))
        .isInstanceOf(DevServerException.class)
        .hasMessageContaining("postgresql on 127.0.0.1:")
        .hasMessageContaining("invalid value for parameter \"wal_level\": \"nonsense\"");
  }

  @Test
  void refusesAPortThatIsTaken() {
    try (PostgresServer server = PostgresServer.start()) {
      ServerOptions same = ServerOptions.defaults().withPort(server.port());

      assertThatThrownBy(() -> PostgresServer.start(same))
          .isInstanceOf(DevServerException.class)
          .hasMessageContaining("Address already in use");
    }
  }

  @Test
  void freezesItsSessionsTooAndThaws() throws Exception {
    try (PostgresServer server = PostgresServer.start();
        Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      connection.setNetworkTimeout(Runnable::run, 500);
      server.suspend();
      assertThatThrownBy(() -> statement.execute("SELECT 1")).isInstanceOf(SQLException.class);

      server.resume();

      assertThat(query(server, "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void closesInBoundedTimeWhileItIsFrozen() {
    PostgresServer server = PostgresServer.start();
    long pid = server.pid();
    server.suspend();

    long started = System.nanoTime();
    server.close();

    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(10));
    Processes.assertGone(pid, server.port());
  }

  private static Connection connect(PostgresServer server) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  private static void execute(PostgresServer server, String sql) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String query(PostgresServer server, String sql) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      assertThat(rows.next()).isTrue();
      return rows.getString(1);
    }
  }
}

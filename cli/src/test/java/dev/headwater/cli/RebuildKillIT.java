package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.Pipeline;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.sinks.SinkWish;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A rebuild whose worker process is killed again and again, with the source stopped: the log alone
 * makes the replica whole.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class RebuildKillIT {
  private static final String WHO =
      "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
  private static final String TARGET =
      "rebuild_kill_" + Long.toString(System.nanoTime(), 36);
  private static final int ROWS = 9_000;
  private static final int ROWS_PER_SECOND = 1_500;
  private static final int KILLS = 3;

  /** Everything a table holds, in one line. */
  private static final String CONTENTS =
      "SELECT count(*) || ' ' || md5(string_agg(concat_ws('/', id, name, qty), ',' ORDER BY id))"
          + " FROM %s.orders";

  @TempDir private Path directory;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void goesOnFromTheLogAloneHoweverOftenTheWorkerIsKilled() throws Exception {
    query(SharedServices.postgres(), "postgres", "CREATE DATABASE " + TARGET);
    String expected;
    HeadwaterConfig config;
    try (PostgresServer source = PostgresServer.start()) {
      query(source, "postgres", "CREATE TABLE orders (id int PRIMARY KEY, name text, qty int)");
      query(
          source,
          "postgres",
          "INSERT INTO orders SELECT g, 'n' || g, g % 7 FROM generate_series(1, " + ROWS + ") g");
      config = config(source);
      try (LogConnection log = LogConnection.open(config.log());
          Pipeline pipeline = new Pipeline(config, log, name -> true, (name, failure) -> {})) {
        pipeline.start();
        await(() -> query("SELECT count(*) FROM shop.orders").equals("" + ROWS));
        query(source, "postgres", "UPDATE orders SET qty = qty + 100 WHERE id % 3 = 0");
        query(source, "postgres", "DELETE FROM orders WHERE id % 10 = 0");
        expected = query(source, "postgres", CONTENTS.formatted("public"));
        await(() -> query(CONTENTS.formatted("shop")).equals(expected));
      }
    }
    // From here on there is no source.
    try (LogConnection log = LogConnection.open(config.log());
        ControlBoard board = new ControlBoard(log)) {
      SinkWish wish =
          new SinkWish(
              "killed-often",
              SinkWish.Action.REBUILD,
              false,
              ROWS_PER_SECOND,
              System.currentTimeMillis());
      board.desire(SinkWish.component("reporting"), wish.json());
    }
    long before = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process worker = worker();
      try {
        long floor = before;
        await(() -> built() > floor);
        Thread.sleep(random.nextInt(400));
      } finally {
        kill(worker);
      }
      assertThat(query("SELECT state FROM headwater.generation WHERE generation = 2"))
          .as("killed while it is built, seed %d", seed)
          .isEqualTo("building");
      long now = built();
      assertThat(now).as("what was built stays, seed %d", seed).isGreaterThan(before);
      before = now;
      assertThat(query(CONTENTS.formatted("shop"))).isEqualTo(expected);
    }
    Process last = worker();
    try {
      await(
          () ->
              query("SELECT generation FROM headwater.generation WHERE state = 'serving'")
                  .equals("2"));
      assertThat(query(CONTENTS.formatted("shop"))).as("seed %d", seed).isEqualTo(expected);
    } finally {
      kill(last);
    }
  }

  /** How far the new generation is, in offsets of the log; 0 before it is there. */
  private static long built() throws SQLException {
    return Long.parseLong(
        query(
            "SELECT coalesce(sum(next_offset), 0) FROM headwater.checkpoint WHERE generation = 2"));
  }

  private Process worker() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "sink",
            "reporting",
            "--file",
            directory.resolve("connectors.yaml").toString())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private HeadwaterConfig config(PostgresServer source) throws IOException {
    Path file = directory.resolve("connectors.yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - name: killed
            type: postgres
            url: "%s"
            user: %s
            password: "%s"
            tables: [public.orders]
        sinks:
          - name: reporting
            type: postgres
            url: "%s"
            user: %s
            password: "%s"
            tables: [killed.public.orders]
            schema: shop
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                address(source, "postgres"),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                address(SharedServices.postgres(), TARGET),
                PostgresServer.USER,
                PostgresServer.PASSWORD));
    return ConfigLoader.load(file, name -> null);
  }

  private static String address(PostgresServer server, String database) {
    return server.jdbcUrl(database).replaceFirst("^jdbc:", "");
  }

  private static String query(String sql) throws SQLException {
    return query(SharedServices.postgres(), TARGET, sql);
  }

  private static String query(PostgresServer server, String database, String sql)
      throws SQLException {
    try (Connection connection = DriverManager.getConnection(server.jdbcUrl(database) + WHO);
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return "";
      }
      try (ResultSet row = statement.getResultSet()) {
        return row.next() && row.getString(1) != null ? row.getString(1) : "";
      }
    }
  }

  private interface Condition {
    boolean holds() throws SQLException;
  }

  private void await(Condition condition) throws InterruptedException, SQLException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (!holds(condition)) {
      assertThat(System.nanoTime()).as("not so in 90 s, seed %d", seed).isLessThan(end);
      Thread.sleep(20);
    }
  }

  /** A table that is not there yet holds nothing. */
  private static boolean holds(Condition condition) throws SQLException {
    try {
      return condition.holds();
    } catch (SQLException e) {
      if ("42P01".equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }
}

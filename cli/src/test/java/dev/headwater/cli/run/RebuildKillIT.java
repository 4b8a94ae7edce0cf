package dev.headwater.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.cli.Main;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.sinks.SinkWish;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rebuilds of each sink whose worker and whose target are killed in turns, with the source stopped:
 * the log alone must do. Readers find every row all the while, and the rebuild ends right.
 *
 * <p>{@code -Drebuild.kills=N} makes it longer.
 */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class RebuildKillIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 6_000;
  private static final int ROWS_PER_SECOND = 1_500;
  private static final int KILLS = Integer.getInteger("rebuild.kills", 3);

  @TempDir private Path directory;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final Map<Integer, String> expected = new TreeMap<>();

  @ParameterizedTest
  @EnumSource
  void endsRightHoweverOftenItsWorkerAndItsTargetAreKilled(RebuildTarget.Kind kind)
      throws Exception {
    String connector = "killed_" + Long.toString(seed, 36);
    try (RebuildTarget target = kind.start()) {
      HeadwaterConfig config = fill(connector, target);
      wish(config);
      for (int kill = 0; kill < KILLS; kill++) {
        boolean hitsTarget = kill % 2 == 1;
        Process worker = worker();
        try {
          Thread.sleep(1_500 + random.nextInt(2_000));
          if (hitsTarget) {
            target.server().kill();
            Thread.sleep(random.nextInt(1_000));
            target.server().restart();
          }
        } finally {
          kill(worker);
        }
        assertThat(target.rows()).as("%s, seed %d", kind, seed).isEqualTo(expected);
      }
      Process last = worker();
      try {
        await("rebuilt", () -> isRebuilt(config));
        assertThat(target.rows()).as("%s, seed %d", kind, seed).isEqualTo(expected);
      } finally {
        kill(last);
      }
    }
  }

  /** Fills log and target from a source that is gone afterwards. */
  private HeadwaterConfig fill(String connector, RebuildTarget target) throws Exception {
    try (PostgresServer source = PostgresServer.start()) {
      run(
          source,
          "CREATE TABLE orders (id int PRIMARY KEY, name text)",
          "INSERT INTO orders SELECT g, 'n' || g FROM generate_series(1, " + ROWS + ") g");
      HeadwaterConfig config = config(connector, source, target);
      try (LogConnection log = LogConnection.open(config.log());
          Pipeline pipeline = new Pipeline(config, log, name -> true, (name, failure) -> {})) {
        pipeline.start();
        await("filled", () -> target.rows().size() == ROWS);
        run(
            source,
            "UPDATE orders SET name = name || ' again' WHERE id % 3 = 0",
            "DELETE FROM orders WHERE id % 10 = 0");
        readExpected(source);
        await("level", () -> target.rows().equals(expected));
      }
      return config;
    }
  }

  private void readExpected(PostgresServer source) throws SQLException {
    try (Connection connection = connect(source);
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT id, name FROM orders")) {
      while (rs.next()) {
        expected.put(rs.getInt(1), rs.getString(2));
      }
    }
  }

  private static void wish(HeadwaterConfig config) {
    try (LogConnection log = LogConnection.open(config.log());
        ControlBoard board = new ControlBoard(log)) {
      SinkWish wish =
          new SinkWish(
              "killed-often",
              SinkWish.Action.REBUILD,
              false,
              ROWS_PER_SECOND,
              false,
              System.currentTimeMillis());
      board.desire(SinkWish.component(RebuildTarget.SINK), wish.json());
    }
  }

  private static boolean isRebuilt(HeadwaterConfig config) throws IOException {
    try (LogConnection log = LogConnection.open(config.log());
        StatusBoard board = new StatusBoard(log)) {
      for (Map.Entry<String, String> report : board.read().entrySet()) {
        if (report.getKey().startsWith("sink/" + RebuildTarget.SINK + "/")) {
          JsonNode status = JSON.readTree(report.getValue());
          if (status.path("generation").asInt() == 2 && !status.has("rebuild")) {
            return true;
          }
        }
      }
      return false;
    }
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
            RebuildTarget.SINK,
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

  private HeadwaterConfig config(String connector, PostgresServer source, RebuildTarget target)
      throws IOException {
    Path file = directory.resolve("connectors.yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - {name: %s, type: postgres, url: "%s", user: %s, password: "%s", tables: [public.orders]}
        sinks:
          - {name: %s, tables: [%s.public.orders], %s}
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                connector,
                source.jdbcUrl("postgres").replaceFirst("^jdbc:", ""),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                RebuildTarget.SINK,
                connector,
                target.settings()));
    return ConfigLoader.load(file, name -> null);
  }

  private static Connection connect(PostgresServer server) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  private static void run(PostgresServer server, String... statements) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("not %s in time, seed %d", what, seed).isLessThan(end);
      Thread.sleep(100);
    }
  }
}

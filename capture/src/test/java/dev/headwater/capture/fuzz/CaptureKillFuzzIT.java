package dev.headwater.capture.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Kills capture again and again under four writers, and then asks the log for every committed
 * change: each once, per key in commit order, with sequence numbers that have neither gap nor twin.
 *
 * <p>{@code -Dfuzz.kills=N -Dfuzz.seed=S} make it longer, or repeat a run.
 */
class CaptureKillFuzzIT {
  private static final int KILLS = Integer.getInteger("fuzz.kills", 30);
  private static final String DATABASE = "fuzz";

  private final long seed = Long.getLong("fuzz.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void everyCommittedChangeIsInTheLogExactlyOnceHoweverOftenCaptureIsKilled() throws Exception {
    PostgresServer postgres = SharedServices.postgres();
    String brokers = SharedServices.kafka().bootstrapServers();
    String url = url(postgres);
    System.out.println("kill fuzz: seed " + seed + ", " + KILLS + " kills");
    int halts = 0;
    try (Connection connection = DriverManager.getConnection(url)) {
      FuzzWorkload.createTables(connection);
      // The first session makes the slot while the tables are still empty.
      Process first = child(postgres, brokers, 0);
      awaitStreaming(first);
      try (FuzzWorkload workload = new FuzzWorkload(url, seed)) {
        workload.start();
        Thread.sleep(1500);
        kill(first);
        for (int i = 0; i < KILLS; i++) {
          boolean halting = random.nextInt(3) > 0;
          Process child = child(postgres, brokers, halting ? 1 + random.nextInt(60) : 0);
          awaitStreaming(child);
          if (halting) {
            halts++;
            child.waitFor(20, TimeUnit.SECONDS);
          } else {
            Thread.sleep(random.nextInt(1200));
          }
          kill(child);
        }
      }
      Process last = child(postgres, brokers, 0);
      awaitStreaming(last);
      try {
        Map<String, List<String>> expected = committed(connection);
        LogContents log = LogContents.awaitRecords(brokers, count(expected));
        System.out.printf(
            "kill fuzz: %d kills (%d at a chosen place), %d committed changes, %d records, seed %d%n",
            KILLS + 1, halts, count(expected), log.records(), seed);

        assertThat(log.sequenceGaps()).as("seed %d", seed).isEmpty();
        assertThat(log.changesByKey()).as("seed %d", seed).isEqualTo(expected);
        assertThat(log.rows()).as("seed %d", seed).isEqualTo(rows(connection));
        assertThat(log.largeValues()).as("seed %d", seed).isEqualTo(largeValues(connection));
      } finally {
        kill(last);
      }
    }
  }

  private static String url(PostgresServer postgres) throws SQLException {
    String who = "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
    String admin = postgres.jdbcUrl("postgres") + who;
    try (Connection connection = DriverManager.getConnection(admin);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
    }
    return postgres.jdbcUrl(DATABASE) + who;
  }

  private Process child(PostgresServer postgres, String brokers, int haltAfter) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            java,
            "-Xmx384m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            CaptureChild.class.getName(),
            String.valueOf(postgres.port()),
            DATABASE,
            brokers,
            String.valueOf(random.nextLong()),
            String.valueOf(haltAfter))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void awaitStreaming(Process child) throws IOException {
    BufferedReader output =
        new BufferedReader(
            new java.io.InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    List<String> said = new ArrayList<>();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.equals("STREAMING")) {
        return;
      }
      said.add(line);
    }
    throw new AssertionError("capture ended before it streamed: " + String.join("\n", said));
  }

  private static void kill(Process child) throws InterruptedException {
    child.destroyForcibly();
    assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).as("only we and the kernel end capture").isNotEqualTo(7);
  }

  /** What the triggers recorded: per key, the operations and images in the order they happened. */
  private static Map<String, List<String>> committed(Connection connection) throws SQLException {
    Map<String, List<String>> changes = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT tbl, op, id, v, n FROM audit ORDER BY no")) {
      while (rs.next()) {
        changes
            .computeIfAbsent(rs.getString(1) + "/" + rs.getLong(3), key -> new ArrayList<>())
            .add(
                rs.getString(4) == null
                    ? rs.getString(2)
                    : rs.getString(2) + " " + rs.getString(4) + " " + rs.getInt(5));
      }
    }
    return changes;
  }

  private static Map<String, String> rows(Connection connection) throws SQLException {
    Map<String, String> rows = new HashMap<>();
    for (String table : List.of("t_a", "t_b", "t_big", "t_gone")) {
      try (Statement statement = connection.createStatement();
          ResultSet rs = statement.executeQuery("SELECT id, v, n FROM " + table)) {
        while (rs.next()) {
          rows.put(table + "/" + rs.getLong(1), rs.getString(2) + " " + rs.getInt(3));
        }
      }
    }
    return rows;
  }

  private static Map<String, String> largeValues(Connection connection) throws SQLException {
    Map<String, String> values = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT id, big FROM t_big")) {
      while (rs.next()) {
        values.put("t_big/" + rs.getLong(1), rs.getString(2));
      }
    }
    return values;
  }

  private static int count(Map<String, List<String>> changes) {
    return changes.values().stream().mapToInt(List::size).sum();
  }
}

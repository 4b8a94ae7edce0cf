package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.SharedServices;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Loads tables under writers that update, delete, insert and move keys as fast as they can, and
 * kills the process in the middle again and again. In the end the log folded per key is the table,
 * row for row, and of a table that nobody writes to no row was read twice that was recorded as
 * read.
 *
 * <p>{@code -Dload.kills=N -Dload.rows=N -Dload.seed=S} make it longer, or repeat a run.
 */
class LoadKillFuzzIT {
  private static final int KILLS = Integer.getInteger("load.kills", 5);
  private static final int ROWS = Integer.getInteger("load.rows", 60_000);
  private static final int WRITERS = 3;

  private final long seed = Long.getLong("load.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong changes = new AtomicLong();
  private final List<Throwable> failures = new ArrayList<>();

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void theLogIsTheTableHoweverOftenTheLoadIsKilledUnderWriters() throws Exception {
    String url = OddTablesIT.create("loadfuzz");
    System.out.println("load fuzz: seed " + seed + ", " + KILLS + " kills, " + ROWS + " rows");
    OddTablesIT.execute(
        url,
        "CREATE TABLE t_busy (id bigint PRIMARY KEY, v text, n int) WITH (fillfactor = 70)",
        "CREATE TABLE t_keyed (a text COLLATE \"C\", b int, v text, PRIMARY KEY (a, b))",
        "CREATE TABLE t_quiet (id bigint PRIMARY KEY, v text)",
        "INSERT INTO t_busy SELECT i, 'old', 0 FROM generate_series(1, " + ROWS + ") i",
        "INSERT INTO t_keyed SELECT 'k' || i % 97, i, 'old' FROM generate_series(1, "
            + ROWS / 2
            + ") i",
        "INSERT INTO t_quiet SELECT i, repeat('q', 40) FROM generate_series(1, " + ROWS + ") i");
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      Random own = new Random(seed * 31 + i);
      Thread writer = new Thread(() -> write(url, own), "writer-" + i);
      writers.add(writer);
      writer.start();
    }
    int killedLoading = 0;
    for (int i = 0; i < KILLS; i++) {
      Child child = new Child();
      child.awaitLine("LOADING");
      Thread.sleep(300 + random.nextInt(1500));
      killedLoading += child.hasLoaded() ? 0 : 1;
      child.kill();
    }
    Child last = new Child();
    try {
      last.awaitLine("LOADED");
      stop.set(true);
      for (Thread writer : writers) {
        writer.join(30_000);
      }
      assertThat(failures).isEmpty();
      awaitStreamed(url);
      System.out.printf(
          "load fuzz: %d of %d kills while loading, %d changes meanwhile, seed %d%n",
          killedLoading, KILLS, changes.get(), seed);
      Map<String, FoldedLog> logs = new TreeMap<>();
      for (String table : List.of("t_busy", "t_keyed", "t_quiet")) {
        FoldedLog log = FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic("loadfuzz", table));
        logs.put(table, log);
        System.out.printf("load fuzz: %s %s%n", table, log.records);
        assertThat(log.problems).as("seed %d", seed).isEmpty();
        assertThat(log.rows).as("%s, seed %d", table, seed).isEqualTo(rows(url, table));
      }
      assertThat(logs.get("t_quiet").readsByKey.values())
          .as("seed %d", seed)
          .allMatch(reads -> reads == 1);
    } finally {
      stop.set(true);
      last.kill();
    }
  }

  private void write(String url, Random own) {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      while (!stop.get()) {
        try {
          int steps = 1 + own.nextInt(4);
          for (int i = 0; i < steps; i++) {
            changes.addAndGet(statement.executeUpdate(change(own)));
          }
          if (own.nextInt(8) == 0) {
            connection.rollback();
          } else {
            connection.commit();
          }
        } catch (SQLException e) {
          connection.rollback();
          // Deadlocks and keys that are taken happen, as in life.
          if (!"40P01".equals(e.getSQLState()) && !"23505".equals(e.getSQLState())) {
            throw e;
          }
        }
      }
    } catch (SQLException e) {
      synchronized (failures) {
        failures.add(e);
      }
    }
  }

  private String change(Random own) {
    long id = 1 + own.nextInt(ROWS);
    long far = 1 + own.nextInt(2 * ROWS);
    return switch (own.nextInt(7)) {
      case 0, 1 -> "UPDATE t_busy SET n = n + 1, v = 'u" + own.nextInt() + "' WHERE id = " + id;
      case 2 -> "DELETE FROM t_busy WHERE id = " + id;
      case 3 ->
          "INSERT INTO t_busy VALUES (" + far + ", 'new', 1) ON CONFLICT (id) DO UPDATE SET n = -1";
      case 4 -> "UPDATE t_busy SET id = " + far + ", v = 'moved' WHERE id = " + id;
      case 5 ->
          "UPDATE t_keyed SET a = 'k' || " + own.nextInt(97) + ", v = 'm' WHERE b = " + id / 2;
      default ->
          "UPDATE t_keyed SET v = 'x"
              + own.nextInt()
              + "' WHERE a = 'k"
              + id % 97
              + "' AND b = "
              + id;
    };
  }

  /** A row written last of all is in the log: so is everything before it. */
  private void awaitStreamed(String url) throws Exception {
    OddTablesIT.execute(url, "INSERT INTO t_busy VALUES (-1, 'last', 0)");
    long deadline = System.nanoTime() + Duration.ofMinutes(3).toNanos();
    while (System.nanoTime() < deadline) {
      FoldedLog log = FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic("loadfuzz", "t_busy"));
      if (log.rows.containsKey("{\"id\":-1}")) {
        return;
      }
      Thread.sleep(500);
    }
    throw new AssertionError("the last row did not come");
  }

  private static Map<String, String> rows(String url, String table) throws SQLException {
    String sql =
        switch (table) {
          case "t_keyed" ->
              "SELECT format('{\"a\":%s,\"b\":%s}', to_json(a), b),"
                  + " format('{\"a\":%s,\"b\":%s,\"v\":%s}', to_json(a), b, to_json(v)) FROM t_keyed";
          case "t_quiet" ->
              "SELECT format('{\"id\":%s}', id), format('{\"id\":%s,\"v\":%s}', id, to_json(v))"
                  + " FROM t_quiet";
          default ->
              "SELECT format('{\"id\":%s}', id),"
                  + " format('{\"id\":%s,\"v\":%s,\"n\":%s}', id, to_json(v), n) FROM t_busy";
        };
    Map<String, String> rows = new TreeMap<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(sql)) {
      while (rs.next()) {
        rows.put(rs.getString(1), rs.getString(2));
      }
    }
    return rows;
  }

  /** One process, and what it has said. */
  private static final class Child {
    private final Process process;
    private final List<String> said = new ArrayList<>();

    Child() throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  LoadChild.class.getName(),
                  String.valueOf(SharedServices.postgres().port()),
                  "loadfuzz",
                  OddTablesIT.brokers())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader output =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      Thread reader =
          new Thread(
              () -> {
                try {
                  for (String line = output.readLine(); line != null; line = output.readLine()) {
                    hear(line);
                  }
                } catch (IOException e) {
                  hear("cut: " + e);
                }
              });
      reader.setDaemon(true);
      reader.start();
    }

    private synchronized void hear(String line) {
      said.add(line);
      notifyAll();
    }

    synchronized void awaitLine(String line) throws InterruptedException {
      long deadline = System.nanoTime() + Duration.ofMinutes(4).toNanos();
      while (!said.contains(line)) {
        assertThat(System.nanoTime() < deadline && (process.isAlive() || said.isEmpty()))
            .as("waiting for %s, heard %s", line, said)
            .isTrue();
        wait(100);
      }
    }

    synchronized boolean hasLoaded() {
      return said.contains("LOADED");
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as("only we end the load: %s", said).isNotEqualTo(7);
    }
  }
}

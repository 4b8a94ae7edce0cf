package dev.headwater.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.headwater.cli.FreshName;
import dev.headwater.cli.Main;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A long transaction and large rows through one process of 512 MiB that captures and fills three
 * targets, by the stream and by a replay, and through verifications of no more memory: {@code
 * -Dmemory.rows=5000000 -Dmemory.large=40} is the full size.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class MemoryIT {
  private static final int ROWS = Integer.getInteger("memory.rows", 100_000);
  private static final int LARGE = Integer.getInteger("memory.large", 6);

  /** In text and binary together; a byte of the binary is two characters in the log. */
  private static final int LARGE_BYTES = 10 << 20;

  /** One heap for each process: the capture with its sinks, and each verification. */
  private static final String HEAP = System.getProperty("memory.heap", "512m");

  /** As the script that starts Headwater tells it. */
  private static final List<String> COLLECTOR = List.of("-XX:+UseParallelGC");

  private final String connector = FreshName.of("memory");
  private final String source = FreshName.of("memory_source");
  private final String target = FreshName.of("memory_target");

  private final List<String> sinks =
      List.of(FreshName.of("cache"), FreshName.of("search"), FreshName.of("reporting"));

  @TempDir private Path directory;

  @Test
  void aLongTransactionAndRowsOfTenMegabytesPassThroughASmallHeap() throws Exception {
    sql("postgres", "CREATE DATABASE " + source, "CREATE DATABASE " + target);
    sql(
        source,
        "CREATE TABLE many (id bigint PRIMARY KEY, v text)",
        "CREATE TABLE large (id int PRIMARY KEY, n int, v text, b bytea)",
        "ALTER TABLE large ALTER v SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL",
        "INSERT INTO many VALUES (0, 'first')",
        "INSERT INTO large SELECT g, 0, " + large() + " FROM generate_series(-2, 0) g");
    writeConfig();
    Process process = headwater("run");
    try {
      awaitLevel(process);
      long began = System.nanoTime();
      sql(
          source,
          "INSERT INTO many SELECT g, repeat('x', 100) FROM generate_series(1, " + ROWS + ") g",
          "INSERT INTO large SELECT g, 0, " + large() + " FROM generate_series(1, " + LARGE + ") g",
          "UPDATE large SET n = 1");
      awaitLevel(process);
      System.out.printf(
          "memory: %d rows in one transaction and %d rows of %d bytes twice in three targets, in %d"
              + " ms%n",
          ROWS, LARGE, LARGE_BYTES, (System.nanoTime() - began) / 1_000_000);
      for (String sink : sinks) {
        assertThat(ends(headwater("verify", sink, "--against", "source")))
            .as("verify %s printed%n%s", sink, printed("verify"))
            .isZero();
      }
      assertAlive(process, "after all that");
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static String large() {
    return "repeat('y', %d), decode(repeat('5a', %d), 'hex')"
        .formatted(LARGE_BYTES / 2, LARGE_BYTES / 2);
  }

  private void awaitLevel(Process process) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(20);
    for (String sink : sinks) {
      // Before its first report there is nothing to wait for, and the command says so at once.
      while (ends(headwater("wait", "--sink", sink, "--now", "--timeout", "20s")) != 0) {
        assertAlive(process, "while " + sink + " is filled");
        assertThat(System.nanoTime()).as("%s in time", sink).isLessThan(deadline);
        Thread.sleep(500);
      }
    }
  }

  private void assertAlive(Process process, String when) throws IOException {
    if (!process.isAlive()) {
      fail("ended with %d %s, having printed%n%s", process.exitValue(), when, printed("run"));
    }
  }

  private String printed(String command) throws IOException {
    return Files.readString(directory.resolve(command + ".out"));
  }

  private static int ends(Process process) throws InterruptedException {
    try {
      assertThat(process.waitFor(20, TimeUnit.MINUTES)).isTrue();
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  private Process headwater(String... command) throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(COLLECTOR);
    line.addAll(List.of("-Xmx" + HEAP, "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1"));
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    line.addAll(List.of(command));
    line.addAll(List.of("--file", directory.resolve("connectors.yaml").toString()));
    return new ProcessBuilder(line)
        .redirectOutput(directory.resolve(command[0] + ".out").toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private void writeConfig() throws IOException {
    Files.writeString(
        directory.resolve("connectors.yaml"),
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - {name: CONNECTOR, type: postgres, url: "%s", user: %s, password: "%s",
             tables: ["public.*"]}
        sinks:
          - {name: CACHE, tables: ["CONNECTOR.public.*"], type: redis, url: "%s",
             key: "CACHE:{table}:{id}"}
          - {name: SEARCH, tables: ["CONNECTOR.public.*"], type: opensearch, url: "%s",
             index: SEARCH}
          - {name: REPORTING, tables: ["CONNECTOR.public.*"], type: postgres, url: "%s", user: %s,
             password: "%s", schema: shop}
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                url(source),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                SharedServices.redis().url(),
                SharedServices.openSearch().url(),
                url(target),
                PostgresServer.USER,
                PostgresServer.PASSWORD)
            .replace("CONNECTOR", connector)
            .replace("CACHE", sinks.get(0))
            .replace("SEARCH", sinks.get(1))
            .replace("REPORTING", sinks.get(2)));
  }

  private static String url(String database) {
    return SharedServices.postgres().jdbcUrl(database).replaceFirst("^jdbc:", "");
  }

  private static void sql(String database, String... statements) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                SharedServices.postgres().jdbcUrl(database),
                PostgresServer.USER,
                PostgresServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}

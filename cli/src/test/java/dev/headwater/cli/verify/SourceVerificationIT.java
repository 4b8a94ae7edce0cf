package dev.headwater.cli.verify;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.Pipeline;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.sinks.verify.Defect;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Progress;
import dev.headwater.sinks.verify.Report;
import dev.headwater.sinks.verify.Verification;
import dev.headwater.sinks.verify.Verification.Options;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The log beside its source, with capture running and rows changing. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SourceVerificationIT {
  private static final String WHO =
      "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;

  /** Of the database and of its connector. */
  private final String name = FreshName.of("verified");

  @TempDir private Path directory;

  @Test
  void namesWhatTheLogDoesNotKnowAndNothingElseWhileRowsChange() throws Exception {
    PostgresServer postgres = SharedServices.postgres();
    execute(postgres, "postgres", "CREATE DATABASE " + name);
    execute(
        postgres,
        name,
        "CREATE TABLE rows (id bigint PRIMARY KEY, secret text, n int, at timestamptz)",
        "INSERT INTO rows SELECT g, 's' || g, g, now() FROM generate_series(1, 3000) g");
    HeadwaterConfig config = config(postgres);
    try (LogConnection log = LogConnection.open(config.log());
        Pipeline pipeline = new Pipeline(config, log, name -> true, (name, failure) -> {})) {
      pipeline.start();
      while (pipeline.captures().get(name).status().records() < 3000) {
        Thread.sleep(50);
      }
      AtomicBoolean stop = new AtomicBoolean();
      Thread writer = new Thread(() -> write(postgres, stop), "writer");
      writer.start();
      try {
        assertThat(verify(config, log).listed()).isEmpty();

        // What is changed while the table is not published never reaches the log.
        execute(
            postgres,
            name,
            "ALTER PUBLICATION headwater_" + name + " DROP TABLE rows",
            "UPDATE rows SET n = -1 WHERE id = 100",
            "DELETE FROM rows WHERE id = 101",
            "INSERT INTO rows VALUES (900001, 'x', 1, now())",
            "ALTER PUBLICATION headwater_" + name + " ADD TABLE rows");

        Report report = verify(config, log);
        Map<String, Kind> found = new TreeMap<>();
        for (Defect defect : report.listed()) {
          found.put(new String(defect.row().orElseThrow().key(), UTF_8), defect.kind());
          if (defect.kind() == Kind.DIFFERENT) {
            assertThat(defect.columns()).containsExactly("n");
          }
        }
        assertThat(found)
            .isEqualTo(
                new TreeMap<>(
                    Map.of(
                        "{\"id\":100}", Kind.DIFFERENT,
                        "{\"id\":101}", Kind.MISSING,
                        "{\"id\":900001}", Kind.EXTRA)));
      } finally {
        stop.set(true);
        writer.join();
      }
    }
  }

  private Report verify(HeadwaterConfig config, LogConnection log) {
    try (SourceReadBack source = SourceReadBack.open(config.connectors().get(0).capture(), log)) {
      return new Verification(
              "source " + name,
              source,
              log,
              table -> table.connector().equals(name),
              Options.comparing(50),
              Progress.NONE)
          .run();
    }
  }

  /** One row that changes as often as commits allow. */
  private void write(PostgresServer postgres, AtomicBoolean stop) {
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl(name) + WHO);
        Statement statement = connection.createStatement()) {
      while (!stop.get()) {
        statement.execute("UPDATE rows SET n = n + 1 WHERE id IN (2, 3)");
        Thread.sleep(2);
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(PostgresServer postgres, String database, String... statements)
      throws Exception {
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl(database) + WHO);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private HeadwaterConfig config(PostgresServer postgres) throws Exception {
    Path file = directory.resolve("connectors.yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - name: %s
            type: postgres
            url: "%s"
            user: %s
            password: "${PASSWORD}"
            tables: [public.rows]
            heartbeat: 1s
            columns: {mask: {public.rows.secret: {with: redact}}}
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                name,
                postgres.jdbcUrl(name).replaceFirst("^jdbc:", ""),
                PostgresServer.USER));
    return ConfigLoader.load(file, name -> PostgresServer.PASSWORD);
  }
}

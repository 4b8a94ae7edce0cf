package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.Pipeline;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rows that a replica refuses, from the source to the commands that deal with them. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DlqCommandIT {
  private static final String WHO =
      "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;

  private final String connector = FreshName.of("dlqs");
  private final String source = FreshName.of("dlq_source");
  private final String target = FreshName.of("dlq_target");
  private final String reporting = FreshName.of("reporting");
  private final String table = connector + ".public.orders";

  @TempDir private Path directory;

  @Test
  void aRefusedRowIsListedShownRetriedAndDiscarded() throws Exception {
    query("postgres", "CREATE DATABASE " + source);
    query("postgres", "CREATE DATABASE " + target);
    query(source, "CREATE TABLE orders (id int PRIMARY KEY, note text)");
    query(source, "INSERT INTO orders SELECT g, 'fine' FROM generate_series(1, 50) g");
    HeadwaterConfig config = config();
    assertThat(run("dlq", "list", reporting).out()).isEqualTo(reporting + ": nothing is parked\n");
    try (LogConnection log = LogConnection.open(config.log());
        Pipeline pipeline = new Pipeline(config, log, name -> true, (name, failure) -> {})) {
      pipeline.start();
      await(() -> count() == 50);
      query(target, "ALTER TABLE shop.orders ADD CONSTRAINT wanted CHECK (note <> 'odd one')");
      query(source, "UPDATE orders SET note = 'odd one' WHERE id IN (7, 8, 9)");
      query(source, "INSERT INTO orders VALUES (51, 'fine')");
      await(() -> count() == 51 && pipeline.sinks().get(reporting).status().parked() == 3);

      Outcome list = run("dlq", "list", reporting);
      assertThat(list.exitCode()).isZero();
      assertThat(list.out())
          .contains(table + " {\"id\":7}", "SQLSTATE 23514", "(wanted)", "3 rows parked")
          .doesNotContain("odd one");
      JsonNode listed = json(run("dlq", "list", reporting, table, "-o", "json"));
      assertThat(listed.path("parked").asInt()).isEqualTo(3);
      assertThat(listed.at("/rows/0/key/id").asInt()).isEqualTo(7);
      assertThat(run("dlq", "show", reporting, table, "8").out()).contains("odd one");
      assertThat(
              json(run("dlq", "show", reporting, table, "{\"id\":8}", "-o", "json"))
                  .at("/rows/0/row/note")
                  .asText())
          .isEqualTo("odd one");
      assertThat(run("dlq", "show", reporting, table, "1").exitCode()).isEqualTo(1);
      assertThat(run("dlq", "list", "nowhere").exitCode()).isEqualTo(2);

      await(() -> run("status").out().contains("3 parked"));
      Outcome verified = run("verify", reporting);
      assertThat(verified.exitCode()).isEqualTo(1);
      assertThat(verified.out()).contains("parked     " + table + " {\"id\":7}");
      assertThat(run("trace", table, "7").out()).contains(": parked");

      JsonNode still = json(run("dlq", "retry", reporting, table, "7", "-o", "json"));
      assertThat(still.path("written").asInt()).isZero();
      assertThat(still.at("/refused/0/key/id").asInt()).isEqualTo(7);
      assertThat(run("dlq", "retry", reporting, table, "7").exitCode()).isEqualTo(1);
      Outcome unsure = run("dlq", "discard", reporting, table, "9", "-o", "json");
      assertThat(unsure.exitCode()).isEqualTo(2);
      assertThat(run("dlq", "discard", reporting, table, "9", "--yes").out())
          .isEqualTo(reporting + ": 1 row discarded\n");

      query(target, "ALTER TABLE shop.orders DROP CONSTRAINT wanted");
      Outcome retried = run("dlq", "retry", reporting);
      assertThat(retried.exitCode()).isZero();
      assertThat(retried.out()).isEqualTo(reporting + ": 2 rows written, 0 still refused\n");
      assertThat(
              query(
                  target,
                  "SELECT string_agg(id::text, ',' ORDER BY id) FROM shop.orders WHERE note = 'odd"
                      + " one'"))
          .isEqualTo("7,8");
      assertThat(run("dlq", "list", reporting).out()).contains("nothing is parked");
      Outcome discarded = run("verify", reporting);
      assertThat(discarded.exitCode()).isEqualTo(1);
      assertThat(discarded.out()).contains("different  " + table + " {\"id\":9}");
      query(source, "UPDATE orders SET note = 'fine' WHERE id = 9");
      query(source, "INSERT INTO orders VALUES (52, 'fine')");
      await(() -> count() == 52);
      assertThat(run("verify", reporting).exitCode()).isZero();
    }
  }

  private Outcome run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("-f", directory.resolve("connectors.yaml").toString(), "-q"));
    return Outcome.of(all.toArray(String[]::new));
  }

  private static JsonNode json(Outcome outcome) throws IOException {
    return new ObjectMapper().readTree(outcome.out());
  }

  private int count() throws SQLException {
    return query(target, "SELECT to_regclass('shop.orders')").equals("null")
        ? 0
        : Integer.parseInt(query(target, "SELECT count(*) FROM shop.orders"));
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("not so in time").isLessThan(end);
      Thread.sleep(50);
    }
  }

  private HeadwaterConfig config() throws IOException {
    Path file = directory.resolve("connectors.yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - {name: %s, type: postgres, url: "%s", user: %s, password: "%s", tables: [public.orders]}
        sinks:
          - {name: %s, type: postgres, url: "%s", user: %s, password: "%s", tables: [%s], schema: shop}
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                connector,
                address(source),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                reporting,
                address(target),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                table));
    return ConfigLoader.load(file, name -> null);
  }

  private static String address(String database) {
    return SharedServices.postgres().jdbcUrl(database).replaceFirst("^jdbc:", "");
  }

  private static String query(String database, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(SharedServices.postgres().jdbcUrl(database) + WHO);
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return "";
      }
      try (ResultSet row = statement.getResultSet()) {
        row.next();
        return String.valueOf(row.getString(1));
      }
    }
  }
}

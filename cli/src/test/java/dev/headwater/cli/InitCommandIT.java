package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code init} makes of a real database. */
class InitCommandIT {
  @TempDir private Path directory;

  @Test
  void writesAFileThatIsValidWithTheTablesThatCanBeCaptured() throws Exception {
    PostgresServer postgres = SharedServices.postgres();
    createTables(postgres);
    Path file = directory.resolve("connectors.yaml");
    String[] command = {
      "init", "-f", file.toString(), "--user", PostgresServer.USER, "--url", url(postgres)
    };

    assertThat(Main.commandLine().execute(command)).isZero();

    String text = Files.readString(file);
    HeadwaterConfig.Connector made =
        ConfigLoader.load(file, name -> PostgresServer.PASSWORD).connectors().get(0);
    assertThat(made.capture().name()).isEqualTo("starter");
    assertThat(made.capture().tables())
        .containsExactly("public.customers", "public.zodd.\uD83D\uDE00???x?");
    assertThat(text)
        .contains("# - \"public.audit\"   # it has no primary key")
        .contains("# - \"public.scratch\"   # it is unlogged")
        .contains("#     key: \"customers:{tenant}:{id}\"")
        .doesNotContain("leaf");

    // A second call leaves the file alone.
    assertThat(Main.commandLine().execute(command)).isEqualTo(2);
    assertThat(Files.readString(file)).isEqualTo(text);
  }

  private static String url(PostgresServer postgres) {
    return postgres.jdbcUrl("starter").replaceFirst("^jdbc:", "");
  }

  private static void createTables(PostgresServer postgres) throws Exception {
    String who = "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
    try (Connection admin = DriverManager.getConnection(postgres.jdbcUrl("postgres") + who);
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE starter");
    }
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl("starter") + who);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE customers (tenant int, id int, PRIMARY KEY (tenant, id))"
              + " PARTITION BY LIST (tenant)");
      statement.execute("CREATE TABLE leaf PARTITION OF customers DEFAULT");
      statement.execute("CREATE TABLE \"zodd.\uD83D\uDE00 ${x}\" (id int PRIMARY KEY)");
      statement.execute("CREATE TABLE audit (what text)");
      statement.execute("CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY)");
      statement.execute("CREATE VIEW seen AS SELECT * FROM customers");
    }
  }
}

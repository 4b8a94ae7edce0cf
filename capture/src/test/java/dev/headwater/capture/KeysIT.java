package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which column values name a row, and tables for which none do. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class KeysIT {
  private static final String[] UNFIT = {
    "CREATE TABLE nokey (a int)",
    "CREATE TABLE indexed (a int NOT NULL UNIQUE)",
    "CREATE TABLE silent (id int PRIMARY KEY)",
    "ALTER TABLE silent REPLICA IDENTITY NOTHING",
    "CREATE TABLE late (id int PRIMARY KEY DEFERRABLE)",
    "CREATE TABLE parted (id int NOT NULL, n int) PARTITION BY RANGE (id)",
    "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10)",
    "ALTER TABLE parted REPLICA IDENTITY FULL",
    "CREATE EXTENSION citext",
    "CREATE TABLE words (w citext PRIMARY KEY)",
    "CREATE TABLE spans (s interval PRIMARY KEY)",
    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    "CREATE TABLE loosely (t text COLLATE loose PRIMARY KEY)",
    "CREATE TABLE nullable (a int UNIQUE, b int)",
    "ALTER TABLE nullable REPLICA IDENTITY FULL",
  };

  @Test
  void a5_tablesThatAreNotFitAreNamedAndNotPublishedAndTheOthersGoOn() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(UNFIT);
      source.sql(
          "CREATE TABLE good (id int PRIMARY KEY, v int)",
          "CREATE TABLE heir (extra int) INHERITS (good)");
      source.keys(Map.of("public.parted", List.of("id"), "public.nullable", List.of("a")));
      source.start("public.*");

      // What the application did before it still can.
      for (String table : List.of("nokey", "indexed", "heir")) {
        source.sql(
            "INSERT INTO " + table + " VALUES (1)",
            "UPDATE " + table + " SET " + (table.equals("heir") ? "v = 2" : "a = 2"),
            "DELETE FROM " + table);
      }
      source.sql(
          "INSERT INTO parted VALUES (1, 1)", "UPDATE parted SET n = 2", "DELETE FROM parted");
      source.sql("INSERT INTO good VALUES (1)", "UPDATE good SET v = 3");
      source.awaitLog();

      assertThat(source.topic("good").rows().get("{\"id\":1}").get("v").asInt()).isEqualTo(3);
      Map<String, List<String>> problems = source.status().problems();
      assertThat(problems.keySet())
          .containsExactlyInAnyOrder(
              "public.nokey",
              "public.indexed",
              "public.silent",
              "public.late",
              "public.parted",
              "public.words",
              "public.spans",
              "public.loosely",
              "public.nullable",
              "public.heir");
      assertThat(problems.get("public.indexed"))
          .singleElement()
          .asString()
          .contains("REPLICA IDENTITY USING INDEX \"indexed_a_key\"");
      assertThat(problems.get("public.parted"))
          .singleElement()
          .asString()
          .contains("public.parted_1 REPLICA IDENTITY FULL");
      assertThat(problems.get("public.words")).singleElement().asString().contains("citext");
    }
  }

  /**
   * A slip of the pen is told before anything is changed; a table that was dropped is left alone.
   */
  @Test
  void a6_aNamedTableThatNeverWasIsRefusedAndOneThatIsGoneIsNamed() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql("CREATE TABLE orders (id int PRIMARY KEY)");
      source.launch("public.orders", "public.ordres");
      HeadwaterException failure = source.awaitFailure();
      assertThat(failure.code()).isEqualTo(FailureCode.SOURCE_NOT_READY);
      assertThat(failure).hasMessageContaining("did you mean 'public.orders'?");
      assertThat(source.query("SELECT 1 FROM pg_publication")).isEmpty();

      source.start("public.orders");
      source.sql("INSERT INTO orders VALUES (1)");
      source.awaitLog();
      source.stop();
      source.sql("DROP TABLE orders");
      source.restart();
      assertThat(source.status().problems()).containsOnlyKeys("public.orders");
    }
  }

  @Test
  void a6_tablesThatAreMendedMadeOrRenamedAreTakenInOrNamed() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE t_nokey (a int NOT NULL)", "CREATE TABLE t_old (id int PRIMARY KEY)");
      source.start("public.t_*", "public.t_old");
      source.sql(
          "ALTER TABLE t_nokey ADD PRIMARY KEY (a)",
          "CREATE TABLE t_new (id int PRIMARY KEY)",
          "ALTER TABLE t_old RENAME TO old");
      source.await(
          "the new session",
          () ->
              source.status().problems().keySet().equals(java.util.Set.of("public.t_old"))
                  && published(source) == 3
                  && source.status().state() == CaptureStatus.State.STREAMING);
      source.sql("INSERT INTO t_new VALUES (1)", "INSERT INTO t_nokey VALUES (1)");
      source.awaitLog();
      assertThat(source.topic("t_new").rows()).hasSize(1);
      assertThat(source.topic("t_nokey").rows()).hasSize(1);
    }
  }

  private static int published(CapturedSource source) {
    try {
      return source.query("SELECT tablename FROM pg_publication_tables").size();
    } catch (java.sql.SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void keysFromAnIndexOrFromTheConfigurationNameRows() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE indexed (v int, a int NOT NULL, b text NOT NULL, UNIQUE (b, a))",
          "ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_b_a_key",
          "CREATE TABLE named (v int, seq int NOT NULL, tenant text NOT NULL)",
          "ALTER TABLE named REPLICA IDENTITY FULL");
      source.keys(Map.of("public.named", List.of("tenant", "seq")));
      source.start("public.indexed", "public.named");
      source.sql(
          "INSERT INTO indexed VALUES (1, 1, 'x'), (2, 2, 'y')",
          "UPDATE indexed SET a = 3 WHERE a = 1",
          "DELETE FROM indexed WHERE a = 2",
          "INSERT INTO named VALUES (1, 1, 'x'), (2, 2, 'y')",
          "UPDATE named SET v = 5 WHERE seq = 1",
          "DELETE FROM named WHERE seq = 2");
      source.awaitLog();

      assertThat(source.topic("indexed").rows().keySet()).containsExactly("{\"b\":\"x\",\"a\":3}");
      assertThat(source.topic("named").rows().keySet())
          .containsExactly("{\"tenant\":\"x\",\"seq\":1}");
      assertThat(source.status().problems()).isEmpty();
    }
  }

  @Test
  void numbersThatAreEqualAreOneKey() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE price (p numeric, f float8, PRIMARY KEY (p, f))",
          "CREATE TABLE scaled (p numeric(10,2) PRIMARY KEY)");
      source.start("public.price", "public.scaled");
      source.sql(
          "INSERT INTO price VALUES (1.0, 0), (100, 1), (0.00, 1), ('NaN', '-Infinity')",
          "UPDATE price SET p = 1.000, f = '-0' WHERE p = 1",
          "DELETE FROM price WHERE p = 100.0",
          "INSERT INTO price VALUES (100.00, 1)",
          "INSERT INTO scaled VALUES (1.5)");
      source.awaitLog();

      assertThat(source.topic("price").rows().keySet())
          .containsExactlyInAnyOrder(
              "{\"p\":\"1\",\"f\":0}",
              "{\"p\":\"100\",\"f\":1}",
              "{\"p\":\"0\",\"f\":1}",
              "{\"p\":\"NaN\",\"f\":\"-Infinity\"}");
      assertThat(source.topic("price").rows().get("{\"p\":\"1\",\"f\":0}").get("p").asText())
          .isEqualTo("1.000");
      assertThat(source.topic("scaled").rows().keySet()).containsExactly("{\"p\":\"1.50\"}");
    }
  }
}

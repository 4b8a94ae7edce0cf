package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.PostgresServer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Updates that leave large values as they are. PostgreSQL does not send such values; the log must
 * have them all the same, always.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class UnchangedToastIT {
  /** Incompressible, so that it surely lies out of line. */
  private static final String BIG =
      "(SELECT string_agg(md5(i::text || %s), '') FROM generate_series(1, 1300) i)";

  private static String big(String salt) {
    return BIG.formatted("'" + salt + "'");
  }

  private static void makeTable(CapturedSource source) throws Exception {
    source.sql(
        "CREATE TABLE doc (id int PRIMARY KEY, n int, t text, a text[], j jsonb)",
        "INSERT INTO doc SELECT i, 0, "
            + big("t")
            + " || i, ARRAY["
            + big("a")
            + " || i, NULL, 'x'], jsonb_build_object('k', "
            + big("j")
            + " || i) FROM generate_series(1, 6) i");
  }

  private static void requireEqual(CapturedSource source) throws Exception {
    Map<String, JsonNode> rows = source.topic("doc").rows();
    List<String> expected =
        source.query(
            "SELECT id || ' ' || n || ' ' || md5(coalesce(t, 'null')) || ' '"
                + " || md5(array_to_string(a, ',', '-')) || ' ' || md5(j->>'k')"
                + " FROM doc ORDER BY id");
    List<String> found =
        rows.values().stream()
            .sorted(Comparator.comparingInt(row -> row.get("id").asInt()))
            .map(UnchangedToastIT::digest)
            .toList();
    assertThat(found).isEqualTo(expected);
    assertThat(source.topic("doc").records())
        .noneMatch(r -> r.value() != null && r.value().contains("unavailable"));
  }

  private static String digest(JsonNode row) {
    String array =
        StreamSupport.stream(row.get("a").spliterator(), false)
            .map(e -> e.isNull() ? "-" : e.asText())
            .collect(Collectors.joining(","));
    return row.get("id").asText()
        + " "
        + row.get("n").asText()
        + " "
        + md5(row.get("t").asText())
        + " "
        + md5(array)
        + " "
        + md5(row.path("j").path("k").asText());
  }

  private static String md5(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void valuesThatAnUpdateLeftOutAreFilledInBeforeItIsLogged() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      makeTable(source);
      source.start("public.doc");

      source.sql("UPDATE doc SET n = id");
      source.awaitLog();

      requireEqual(source);
      assertThat(source.status().unchangedValues().inSource()).isEqualTo(6);

      // What an update brought, and what a read brought, serve the next one.
      source.sql("UPDATE doc SET n = n + 1", "UPDATE doc SET t = " + big("new") + " WHERE id < 3");
      source.sql("UPDATE doc SET n = n + 1");
      source.awaitLog();
      requireEqual(source);
      assertThat(source.status().unchangedValues().inSource()).isEqualTo(6);
      assertThat(source.status().unchangedValues().inStream()).isEqualTo(14);
    }
  }

  @Test
  void rowsThatGoOnAreFilledOrFollowedByWhatTookThemAway() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      makeTable(source);
      source.start("public.doc");
      source.stop();

      // All of it is read in one batch, when most of these rows are others by now.
      source.sql(
          "UPDATE doc SET n = 1",
          "UPDATE doc SET n = 2 WHERE id = 1",
          "DELETE FROM doc WHERE id = 2",
          "UPDATE doc SET id = 30 WHERE id = 3",
          "UPDATE doc SET n = 3, id = 40 WHERE id = 4",
          "UPDATE doc SET id = 4 WHERE id = 40",
          "BEGIN; UPDATE doc SET n = 4 WHERE id = 5; DELETE FROM doc WHERE id = 5;"
              + " INSERT INTO doc VALUES (5, 5, 'short', '{}', '{\"k\": 1}'); COMMIT",
          "BEGIN; INSERT INTO doc VALUES (7, 0, "
              + big("7")
              + ", ARRAY['y'], '{\"k\": 7}'); UPDATE doc SET n = 7 WHERE id = 7;"
              + " UPDATE doc SET id = 70 WHERE id = 7; COMMIT",
          "UPDATE doc SET t = " + big("later") + " WHERE id = 6",
          "UPDATE doc SET n = 6, t = NULL WHERE id = 1",
          "ALTER TABLE doc ADD COLUMN extra int");
      source.restart();
      source.awaitLog();

      requireEqual(source);
      assertThat(source.status().unchangedValues().leftOut()).isPositive();
    }
  }

  @Test
  void theOldRowIsAskedFirstAndAnIdentityColumnTooLargeToSend() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      makeTable(source);
      source.sql("ALTER TABLE doc REPLICA IDENTITY FULL");
      source.start("public.doc");

      source.sql("UPDATE doc SET n = id", "UPDATE doc SET id = id + 100");
      source.awaitLog();

      requireEqual(source);
      assertThat(source.status().unchangedValues().inSource()).isZero();
    }
  }

  @Test
  void textThatLooksLikeAPlaceholderIsText() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE doc (b text, a text, v text, big text, PRIMARY KEY (a, b))",
          "INSERT INTO doc VALUES ('y''\\', E'x\"\\n', '', " + big("x") + ")");
      source.start("public.doc");
      source.sql(
          "UPDATE doc SET v = '__debezium_unavailable_value'",
          "UPDATE doc SET v = v || '!'",
          "UPDATE doc SET v = rtrim(v, '!')");
      source.awaitLog();

      JsonNode row = source.topic("doc").rows().values().iterator().next();
      assertThat(row.get("v").asText()).isEqualTo("__debezium_unavailable_value");
      assertThat(row.get("big").asText()).isEqualTo(source.query("SELECT big FROM doc").get(0));

      source.sql("DELETE FROM doc");
      source.awaitLog();
      assertThat(source.topic("doc").rows()).isEmpty();
    }
  }

  @Test
  void columnsThatAreGoneOrOfAnotherTypeDoNotStopCapture() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      makeTable(source);
      source.start("public.doc");
      source.stop();
      source.sql(
          "UPDATE doc SET n = 9 WHERE id < 4",
          "ALTER TABLE doc DROP COLUMN a",
          "ALTER TABLE doc ALTER COLUMN j TYPE text",
          "ALTER TABLE doc RENAME TO paper",
          "CREATE TABLE doc (id int PRIMARY KEY, n int, t text, a text[], j jsonb)");
      source.restart();
      source.awaitLog();

      Map<String, JsonNode> rows = source.topic("doc").rows();
      assertThat(rows.get("{\"id\":1}").get("t").asText())
          .isEqualTo(source.query("SELECT t FROM paper WHERE id = 1").get(0));
      assertThat(rows.get("{\"id\":1}").get("a").isNull()).isTrue();
      assertThat(rows.get("{\"id\":1}").get("j").isNull()).isTrue();
      assertThat(rows.get("{\"id\":1}").get("n").asInt()).isEqualTo(9);
    }
  }

  /**
   * A commit that waits for a standby is streamed long before anybody can see it. Read too early,
   * the row would not be found under its new key, and be left out for good.
   */
  @Test
  void aRowIsLookedForOnlyOnceItsTransactionIsVisible() throws Exception {
    try (PostgresServer server = PostgresServer.start();
        CapturedSource source = CapturedSource.on(server)) {
      source.sql(
          "CREATE TABLE doc (id int PRIMARY KEY, n int, t text)",
          "INSERT INTO doc VALUES (1, 0, " + big("old") + ")");
      source.start("public.doc");
      source.sql("ALTER SYSTEM SET synchronous_standby_names = 'ghost'", "SELECT pg_reload_conf()");
      Thread writer = new Thread(() -> update(source));
      source.await("the setting", () -> has(source, "SELECT 1 WHERE " + GHOST));
      writer.start();
      source.await("the writer waits for its standby", () -> has(source, WAITS));

      Thread.sleep(1500);
      assertThat(source.query("SELECT id FROM doc")).containsExactly("1");
      assertThat(source.status().unchangedValues().leftOut()).isZero();
      source.sql(
          "SET synchronous_commit = local",
          "ALTER SYSTEM RESET synchronous_standby_names",
          "SELECT pg_reload_conf()");
      writer.join();
      source.awaitLog();

      Map<String, JsonNode> rows = source.topic("doc").rows();
      assertThat(rows.keySet()).containsExactly("{\"id\":2}");
      assertThat(rows.get("{\"id\":2}").get("t").asText())
          .isEqualTo(source.query("SELECT t FROM doc").get(0));
    }
  }

  private static final String GHOST = "current_setting('synchronous_standby_names') = 'ghost'";
  private static final String WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

  private static void update(CapturedSource source) {
    try {
      source.sql("UPDATE doc SET id = 2, n = 1");
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean has(CapturedSource source, String sql) {
    try {
      return !source.query(sql).isEmpty();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}

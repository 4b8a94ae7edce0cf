package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.capture.LogTopic.Entry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** TRUNCATE says nothing of the rows it takes away; the log must be told of each. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TruncateIT {
  private static Map<String, Long> tombstones(CapturedSource source, String table) {
    return source.topic(table).records().stream()
        .filter(r -> r.op().equals("t"))
        .collect(Collectors.groupingBy(Entry::key, Collectors.counting()));
  }

  private static void requireEqual(CapturedSource source, String table) throws Exception {
    List<String> expected = source.query("SELECT '{\"id\":' || id || '}' FROM " + table);
    assertThat(source.topic(table).rows().keySet()).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void a7_truncateBecomesATombstoneForEachLiveKey() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE parent (id int PRIMARY KEY)",
          "CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES parent)",
          "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY HASH (id)",
          "CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
          "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
          "CREATE TABLE other (id int PRIMARY KEY)");
      source.start("public.parent", "public.child", "public.parted", "public.other");
      source.sql(
          "INSERT INTO parent SELECT generate_series(1, 50)",
          "INSERT INTO child SELECT i, i FROM generate_series(1, 40) i",
          "INSERT INTO parted SELECT generate_series(1, 30)",
          "INSERT INTO other SELECT generate_series(1, 5)",
          "DELETE FROM child WHERE id > 35",
          "BEGIN; INSERT INTO other VALUES (6); INSERT INTO parent VALUES (51);"
              + " TRUNCATE parent CASCADE; INSERT INTO parent VALUES (7), (99);"
              + " INSERT INTO other VALUES (7); COMMIT",
          "TRUNCATE parted; INSERT INTO parted VALUES (1)",
          "BEGIN; TRUNCATE other; ROLLBACK");
      source.awaitLog();

      for (String table : List.of("parent", "child", "parted", "other")) {
        requireEqual(source, table);
      }
      assertThat(tombstones(source, "parent"))
          .hasSize(51)
          .containsValue(1L)
          .doesNotContainValue(2L);
      assertThat(tombstones(source, "child")).hasSize(35);
      assertThat(tombstones(source, "parted")).hasSize(30);
      assertThat(tombstones(source, "other")).isEmpty();
    }
  }

  @Test
  void a7_aTruncateThatIsCutShortGoesOnWithTheRest() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE many (id int PRIMARY KEY)", "CREATE TABLE more (id int PRIMARY KEY)");
      source.start("public.many", "public.more");
      source.sql(
          "INSERT INTO many SELECT generate_series(1, 300000)",
          "INSERT INTO more SELECT generate_series(1, 500)");
      source.awaitLog();
      source.sql(
          "BEGIN; DELETE FROM many WHERE id = 1; TRUNCATE many, more;"
              + " INSERT INTO many VALUES (5), (300001); COMMIT");
      // More than one log transaction takes, so that one of them at least is committed.
      source.await("the first tombstones", () -> source.status().records() > 300_500 + 25_000);
      source.stop();
      int first = tombstones(source, "many").size();
      assertThat(first).isBetween(1, 299_998);

      source.restart();
      source.awaitLog();

      requireEqual(source, "many");
      requireEqual(source, "more");
      assertThat(tombstones(source, "many")).hasSize(299_999).doesNotContainValue(2L);
      assertThat(tombstones(source, "more")).hasSize(500).doesNotContainValue(2L);
    }
  }
}

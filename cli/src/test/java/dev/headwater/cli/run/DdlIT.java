package dev.headwater.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changes of definitions in mid-stream, above all those that change rows without a word. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DdlIT {
  private static FollowedSource level() throws Exception {
    return level("");
  }

  private static FollowedSource level(String more) throws Exception {
    FollowedSource source = new FollowedSource(more);
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, n int, v text)",
        "INSERT INTO t SELECT g, g, 'v' || g FROM generate_series(1, 50) g");
    source.start();
    source.awaitLevel("t");
    return source;
  }

  @Test
  void rowsThatADefaultFilledWithoutAWordAreReadAgain() throws Exception {
    try (FollowedSource source = level()) {
      source.sql("ALTER TABLE t ADD COLUMN w int DEFAULT 7");
      source.awaitLevel("t");
      source.sql("INSERT INTO t VALUES (51, 1, 'x', 8)", "ALTER TABLE t DROP COLUMN n");
      source.sql("UPDATE t SET v = 'all'");
      source.awaitLevel("t");
    }
  }

  @Test
  void renamesAndRewritesAreReadAgain() throws Exception {
    try (FollowedSource source = level()) {
      source.sql("ALTER TABLE t RENAME COLUMN v TO word");
      source.awaitLevel("t");
      source.sql("ALTER TABLE t ALTER COLUMN n TYPE text USING 'n' || n");
      source.awaitLevel("t");
      source.sql("ALTER TABLE t ALTER COLUMN word TYPE text USING upper(word)");
      source.awaitLevel("t");
    }
  }

  @Test
  void whatChangedWhileNobodyLookedIsReadAgain() throws Exception {
    try (FollowedSource source = level()) {
      source.stop();
      source.sql("ALTER TABLE t ADD COLUMN w int NOT NULL DEFAULT 5", "DELETE FROM t WHERE id < 9");
      source.start();
      source.awaitLevel("t");
    }
  }

  @Test
  void a8_partitionsThatAreAttachedOrDetachedAreFollowed() throws Exception {
    try (FollowedSource source = new FollowedSource("")) {
      source.sql(
          "CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)",
          "CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
          "INSERT INTO p SELECT g, g FROM generate_series(0, 9) g");
      source.start();
      source.awaitLevel("p");
      source.sql(
          "CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20)",
          "INSERT INTO p SELECT g, g FROM generate_series(10, 15) g");
      source.awaitLevel("p");
      source.sql(
          "CREATE TABLE p_3 (id int NOT NULL, v int)",
          "INSERT INTO p_3 SELECT g, g FROM generate_series(20, 25) g",
          "ALTER TABLE p ATTACH PARTITION p_3 FOR VALUES FROM (20) TO (30)");
      source.awaitLevel("p");
      source.sql("ALTER TABLE p DETACH PARTITION p_1");
      source.awaitLevel("p");
    }
  }

  @Test
  void whereChangesAreNotToBeFollowedTheConnectorStopsAndSaysWhy() throws Exception {
    try (FollowedSource source = level(", on_schema_change: stop")) {
      source.sql("ALTER TABLE t ADD COLUMN w int DEFAULT 7");
      HeadwaterException failure = source.awaitFailure();
      assertThat(failure.code()).isEqualTo(FailureCode.CHANGE_NOT_WRITABLE);
      assertThat(failure).hasMessageContaining("public.t").hasMessageContaining("'w' was added");
    }
  }
}

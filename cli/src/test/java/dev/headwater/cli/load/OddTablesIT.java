package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.snapshot.SnapshotConfig;
import dev.headwater.snapshot.TableProgress;
import dev.headwater.snapshot.TableProgress.Phase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables that are not like others, loaded by physical ranges and by keys. */
@Timeout(300)
class OddTablesIT {
  /** Small chunks, so that small tables have many. */
  private static final SnapshotConfig SMALL = new SnapshotConfig(2, 300, 1 << 20, 0, 1L << 30);

  @AfterEach
  void reset() {
    System.clearProperty("headwater.snapshot.by_key");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void chunksOfOddTablesHaveNeitherHolesNorOverlaps(boolean byKey) throws Exception {
    System.setProperty("headwater.snapshot.by_key", String.valueOf(byKey));
    String name = FreshName.of(byKey ? "oddkey" : "oddctid");
    String url = create(name);
    String columns =
        IntStream.rangeClosed(1, 1599)
            .mapToObj(i -> "c" + i + " int")
            .collect(Collectors.joining(","));
    execute(
        url,
        "CREATE TABLE empty (id int PRIMARY KEY)",
        "CREATE TABLE broad (id int PRIMARY KEY, " + columns + ")",
        "INSERT INTO broad (id, c1, c1599) SELECT i, i, -i FROM generate_series(1, 700) i",
        "CREATE TABLE late (id int PRIMARY KEY, t text)",
        "INSERT INTO late SELECT i, repeat('x', 500) FROM generate_series(1, 4000) i",
        "DELETE FROM late WHERE id <= 3000",
        "CREATE TABLE parted (id int, t text, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (0) TO (1000)",
        "CREATE TABLE parted_b (t text, id int NOT NULL) ",
        "ALTER TABLE parted ATTACH PARTITION parted_b FOR VALUES FROM (1000) TO (2000)",
        "CREATE TABLE parted_c PARTITION OF parted DEFAULT",
        "INSERT INTO parted SELECT i, 'p' || i FROM generate_series(0, 2500) i",
        "CREATE TABLE \"Odd \"\"names\" (\"a b\" text COLLATE \"C\", \"B'\" text, n int,"
            + " PRIMARY KEY (\"a b\", \"B'\"))",
        "INSERT INTO \"Odd \"\"names\" SELECT chr(65 + i % 26) || E'\\\\' || i, E'\\'ü\\t' || i % 7, i"
            + " FROM generate_series(1, 2000) i",
        "CREATE TABLE huge (id int PRIMARY KEY, t text)",
        "INSERT INTO huge SELECT i, CASE WHEN i % 50 = 0 THEN repeat(md5(i::text), 330000) ELSE 's' END"
            + " FROM generate_series(1, 120) i",
        "CREATE TABLE numbers (f float8 PRIMARY KEY)",
        "INSERT INTO numbers SELECT i * 0.1 FROM generate_series(-600, 600) i",
        "INSERT INTO numbers VALUES ('NaN'), ('Infinity'), ('-Infinity')",
        "CREATE TABLE plain (id int PRIMARY KEY); CREATE TABLE heir () INHERITS (plain);"
            + " INSERT INTO plain VALUES (1); INSERT INTO heir VALUES (2)");
    try (LoadBench bench =
        new LoadBench(
                LoadBench.config(
                    name,
                    SharedServices.postgres().port(),
                    name,
                    List.of(
                        "public.empty",
                        "public.broad",
                        "public.late",
                        "public.parted",
                        "public.Odd*",
                        "public.huge",
                        "public.numbers",
                        "public.plain")),
                SMALL,
                brokers())
            .start()) {
      bench.awaitLoaded(Duration.ofMinutes(4));

      for (TableProgress table : bench.engine.report().tables()) {
        assertThat(table.phase()).as("%s", table).isEqualTo(Phase.COMPLETE);
      }
      Map<String, Long> counts = new TreeMap<>();
      Map<String, Long> expected = new TreeMap<>();
      for (String table :
          List.of("empty", "broad", "late", "parted", "Odd \"names", "huge", "numbers", "plain")) {
        FoldedLog log = FoldedLog.of(brokers(), topic(name, table));
        assertThat(log.problems).isEmpty();
        assertThat(log.readsByKey.values()).as(table).allMatch(reads -> reads == 1);
        counts.put(table, (long) log.rows.size());
        expected.put(
            table,
            count(
                url,
                (table.equals("plain") ? "ONLY " : "") + '"' + table.replace("\"", "\"\"") + '"'));
      }
      assertThat(counts).isEqualTo(expected);
      assertThat(new SnapshotStore(bench.log).completeTables())
          .contains(name + ".public.empty", name + ".public.parted");
    }
  }

  @Test
  void aTableThatIsDroppedFailsAloneAndOneThatIsRewrittenOrAlteredBeginsAgain() throws Exception {
    String name = FreshName.of("dropped");
    String url = create(name);
    execute(
        url,
        "CREATE TABLE going (id int PRIMARY KEY, t text)",
        "INSERT INTO going SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
        "CREATE TABLE rewritten (id int PRIMARY KEY, t text)",
        "INSERT INTO rewritten SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
        "DELETE FROM rewritten WHERE id % 2 = 0",
        "CREATE TABLE altered (id int PRIMARY KEY, t text)",
        "INSERT INTO altered SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
        "CREATE TABLE staying (id int PRIMARY KEY, t text)",
        "INSERT INTO staying SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i");
    SnapshotConfig slow = new SnapshotConfig(2, 300, 1 << 20, 15_000, 1L << 30);
    try (LoadBench bench =
        new LoadBench(
                LoadBench.config(name, SharedServices.postgres().port(), name, List.of("public.*")),
                slow,
                brokers())
            .start()) {
      awaitRows(bench, 2_000);
      execute(
          url,
          "DROP TABLE going",
          "VACUUM FULL rewritten",
          "ALTER TABLE altered ADD COLUMN more int DEFAULT 7");
      bench.awaitLoaded(Duration.ofMinutes(3));

      Map<String, Phase> phases = new TreeMap<>();
      bench.engine.report().tables().forEach(t -> phases.put(t.table().name(), t.phase()));
      // It failed, or a session that began after the drop found no such table any more.
      Phase gone = phases.remove("going");
      assertThat(gone == null ? Phase.FAILED : gone).isEqualTo(Phase.FAILED);
      assertThat(phases)
          .isEqualTo(
              Map.of(
                  "rewritten", Phase.COMPLETE,
                  "altered", Phase.COMPLETE,
                  "staying", Phase.COMPLETE));
      assertThat(FoldedLog.of(brokers(), topic(name, "staying")).rows).hasSize(20_000);
      assertThat(FoldedLog.of(brokers(), topic(name, "rewritten")).rows).hasSize(10_000);
      assertThat(FoldedLog.of(brokers(), topic(name, "altered")).rows)
          .hasSize(20_000)
          .allSatisfy((key, row) -> assertThat(row).endsWith("\"more\":7}"));
      assertThat(new SnapshotStore(bench.log).completeTables())
          .contains(name + ".public.staying")
          .doesNotContain(name + ".public.going");
    }
  }

  static void awaitRows(LoadBench bench, long rows) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (bench.engine.report().rows() < rows && System.nanoTime() < deadline) {
      assertThat(bench.failure).isNull();
      Thread.sleep(10);
    }
    assertThat(bench.engine.report().rows()).isGreaterThanOrEqualTo(rows);
  }

  static String topic(String connector, String table) {
    return dev.headwater.log.topic.TopicNames.forTable(
        new dev.headwater.log.schema.TableId(connector, "public", table));
  }

  static String brokers() {
    return SharedServices.kafka().bootstrapServers();
  }

  static String create(String database) throws SQLException {
    String who = "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
    execute(SharedServices.postgres().jdbcUrl("postgres") + who, "CREATE DATABASE " + database);
    return SharedServices.postgres().jdbcUrl(database) + who;
  }

  static void execute(String url, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  static long count(String url, String table) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT count(*) FROM " + table)) {
      rs.next();
      return rs.getLong(1);
    }
  }
}

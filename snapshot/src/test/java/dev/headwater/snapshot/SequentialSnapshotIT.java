package dev.headwater.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SequentialSnapshotIT {
  private static final String DATABASE = "snapshot_sequential";
  private static final String READER = "snapshot_reader";
  private static final RowSink NOWHERE = (key, value, nulls) -> {};

  private static SequentialSnapshot snapshot;

  @BeforeAll
  static void createDatabase() throws SQLException {
    execute("postgres", "DROP DATABASE IF EXISTS " + DATABASE, "CREATE DATABASE " + DATABASE);
    execute("postgres", "DROP ROLE IF EXISTS " + READER, "CREATE ROLE " + READER + " LOGIN");
    snapshot = open(PostgresServer.USER);
  }

  @AfterAll
  static void close() {
    snapshot.close();
  }

  @Test
  void readsEveryRowOnceAsTheSourceHasIt() throws Exception {
    execute(
        DATABASE,
        """
        CREATE TABLE whole (
          at timestamptz, id bigint, t text, twice bigint GENERATED ALWAYS AS (id * 2) STORED,
          j jsonb, tags text[], PRIMARY KEY (id))
        """,
        """
        INSERT INTO whole (at, id, t, j, tags)
        SELECT timestamptz '2024-01-01 00:00:00.5+00' + i * interval '1 s', i,
               CASE WHEN i % 7 = 0 THEN NULL WHEN i % 7 = 1 THEN '' WHEN i % 7 = 2 THEN E'\\\\N'
                    ELSE E'tab\\there \\\\ "' || i END,
               CASE WHEN i % 5 = 0 THEN 'null' ELSE jsonb_build_object('i', i) END,
               ARRAY[i::text, NULL, 'a,b']
          FROM generate_series(1, 20000) i
        """);
    Map<String, String> rows = new TreeMap<>();
    List<Long> reports = new ArrayList<>();
    long[] nullsHeaders = new long[1];

    snapshot.read(
        schema("whole"),
        Map.of(),
        (key, value, nulls) -> {
          assertThat(rows.put(text(key), text(value))).isNull();
          nullsHeaders[0] += "[\"j\"]".equals(nulls) ? 1 : 0;
        },
        (count, bytes) -> reports.add(count));

    assertThat(rows).isEqualTo(asTheSourceSays());
    assertThat(nullsHeaders[0]).isEqualTo(4_000);
    assertThat(reports).isSorted().hasSizeGreaterThan(3).endsWith(20_000L);
  }

  @Test
  void passesARowOfTenMegabytes() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE huge (id int PRIMARY KEY, t text, b bytea)",
        "INSERT INTO huge VALUES (1, repeat(E'0123456\\n', 1310720), repeat('xyz', 100000)::bytea)",
        "INSERT INTO huge VALUES (2, 'small', '')");
    List<Integer> sizes = new ArrayList<>();

    snapshot.read(
        schema("huge"),
        Map.of(),
        (key, value, nulls) -> sizes.add(value.length),
        SnapshotProgress.NONE);

    int json = 1_310_720 * 9 + 400_000 + "{\"id\":1,\"t\":\"\",\"b\":\"\"}".length();
    assertThat(sizes).containsExactly(json, "{\"id\":2,\"t\":\"small\",\"b\":\"\"}".length());
  }

  @Test
  void readsAPartitionedTableWholeAndAPlainOneWithoutItsHeirs() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10) TO (20)",
        "INSERT INTO parted SELECT generate_series(0, 19)",
        "CREATE TABLE \"Par ent 😀\" (id int PRIMARY KEY)",
        "CREATE TABLE heir () INHERITS (\"Par ent 😀\")",
        "INSERT INTO \"Par ent 😀\" VALUES (1)",
        "INSERT INTO heir VALUES (2)");

    assertThat(keys("parted")).hasSize(20);
    assertThat(keys("Par ent 😀")).containsExactly("{\"id\":1}");
  }

  @Test
  void masksAndLeavesOutAsTheSchemaSays() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE people (id int PRIMARY KEY, email text, hash text)",
        "INSERT INTO people VALUES (1, 'a@b', 'secret')",
        "GRANT SELECT (id, email) ON people TO " + READER);
    TableSchema schema = schema("people", "hash");
    List<String> rows = new ArrayList<>();

    // Rights on the columns that are read are enough.
    try (SequentialSnapshot reader = open(READER)) {
      reader.read(
          schema,
          Map.of("email", new ColumnMask(ColumnMask.Method.REDACT, Optional.empty())),
          (key, value, nulls) -> rows.add(text(value)),
          SnapshotProgress.NONE);
    }

    assertThat(rows).containsExactly("{\"id\":1,\"email\":\"***\"}");
  }

  @Test
  void reportsAnEmptyTableOnce() throws Exception {
    execute(DATABASE, "CREATE TABLE nothing_in_it (id int PRIMARY KEY)");
    List<String> reports = new ArrayList<>();

    snapshot.read(
        schema("nothing_in_it"),
        Map.of(),
        NOWHERE,
        (rows, bytes) -> reports.add(rows + " rows, " + bytes + " bytes"));

    assertThat(reports).containsExactly("0 rows, 0 bytes");
  }

  @Test
  void saysThatATableIsGone() throws Exception {
    execute(DATABASE, "CREATE TABLE doomed (id int PRIMARY KEY)");
    TableSchema schema = schema("doomed");
    execute(DATABASE, "DROP TABLE doomed");

    assertFails(
        snapshot,
        schema,
        FailureCode.SOURCE_NOT_READY,
        "Table 'shop.public.doomed' – does not exist in the source");
  }

  @Test
  void saysThatATableWasAltered() throws Exception {
    execute(DATABASE, "CREATE TABLE altered (id int PRIMARY KEY, a int, b int)");
    TableSchema schema = schema("altered");
    execute(DATABASE, "ALTER TABLE altered ALTER a TYPE text");
    assertFails(
        snapshot,
        schema,
        FailureCode.SOURCE_INCONSISTENT,
        "its column 'a' is 'text' now, and was 'integer' in schema version 1");

    execute(DATABASE, "ALTER TABLE altered DROP COLUMN b");
    assertFails(snapshot, schema, FailureCode.SOURCE_INCONSISTENT, "column \"b\" does not exist");
  }

  @Test
  void saysWhichRightIsMissing() throws Exception {
    execute(DATABASE, "CREATE TABLE closed (id int PRIMARY KEY)");
    TableSchema schema = schema("closed");
    try (SequentialSnapshot reader = open(READER)) {
      assertFails(
          reader,
          schema,
          FailureCode.SOURCE_NOT_READY,
          "Table 'shop.public.closed' – may not be read: ERROR: permission denied");
    }
  }

  @Test
  void refusesToReadPastRowLevelSecurity() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE hidden (id int PRIMARY KEY)",
        "INSERT INTO hidden VALUES (1), (2)",
        "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY half ON hidden USING (id = 1)",
        "GRANT SELECT ON hidden TO " + READER);
    TableSchema schema = schema("hidden");
    try (SequentialSnapshot reader = open(READER)) {
      assertFails(reader, schema, FailureCode.SOURCE_NOT_READY, "row-level security");
    }
  }

  @Test
  void obeysTheStatementTimeoutOfTheSourceAndSaysSo() throws Exception {
    execute(DATABASE, "CREATE TABLE slow (id int PRIMARY KEY)", "INSERT INTO slow VALUES (1)");
    TableSchema schema = schema("slow");
    Properties properties = properties(PostgresServer.USER);
    properties.setProperty("options", "-c statement_timeout=300");
    try (SequentialSnapshot limited =
            SequentialSnapshot.open("shop", url(), properties, SnapshotConfig.DEFAULT);
        Connection locker = connect(DATABASE);
        Statement statement = locker.createStatement()) {
      locker.setAutoCommit(false);
      statement.execute("LOCK TABLE slow IN ACCESS EXCLUSIVE MODE");

      assertFails(limited, schema, FailureCode.SOURCE_NOT_READY, "statement timeout");
    }
  }

  @Test
  void saysThatTheDatabaseCannotBeReached() throws Exception {
    execute(DATABASE, "CREATE TABLE far (id int PRIMARY KEY)");
    TableSchema schema = schema("far");
    try (SequentialSnapshot nowhere =
        SequentialSnapshot.open(
            "shop",
            "jdbc:postgresql://127.0.0.1:1/" + DATABASE,
            properties(PostgresServer.USER),
            SnapshotConfig.DEFAULT)) {
      assertFails(
          nowhere,
          schema,
          FailureCode.SOURCE_UNREACHABLE,
          "Table 'shop.public.far' – reading it failed: Connection to 127.0.0.1:1 refused");
    }
  }

  @Test
  void goesOnAfterASinkThatStopped() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE stopped (id int PRIMARY KEY)",
        "INSERT INTO stopped SELECT generate_series(1, 50000)");
    TableSchema schema = schema("stopped");
    SnapshotConfig one = new SnapshotConfig(1, 1, 1, 0, 0);
    try (SequentialSnapshot single =
        SequentialSnapshot.open("shop", url(), properties(PostgresServer.USER), one)) {
      RowSink stopping =
          (key, value, nulls) -> {
            throw new InterruptedException("enough");
          };
      assertThatThrownBy(() -> single.read(schema, Map.of(), stopping, SnapshotProgress.NONE))
          .isInstanceOf(InterruptedException.class)
          .hasMessage("enough");
      long[] rows = new long[1];

      single.read(schema, Map.of(), (key, value, nulls) -> rows[0]++, SnapshotProgress.NONE);

      assertThat(rows[0]).isEqualTo(50_000);
    }
  }

  @Test
  void failsAtOnceWhenTheServerEndsTheSessionInTheMiddleAndReadsAgainAfterwards() throws Exception {
    execute(
        DATABASE,
        "CREATE TABLE cut (id int PRIMARY KEY, t text)",
        "INSERT INTO cut SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i");
    TableSchema schema = schema("cut");
    SnapshotConfig one = new SnapshotConfig(1, 1, 1, 0, 0);
    Properties properties = properties(PostgresServer.USER);
    properties.setProperty("ApplicationName", "cut in the middle");
    try (SequentialSnapshot single = SequentialSnapshot.open("shop", url(), properties, one)) {
      long[] rows = new long[1];
      RowSink cutting =
          (key, value, nulls) -> {
            if (++rows[0] == 100) {
              terminate("cut in the middle");
            }
          };
      assertThatThrownBy(() -> single.read(schema, Map.of(), cutting, SnapshotProgress.NONE))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.SOURCE_UNREACHABLE));
      assertThat(rows[0]).isBetween(100L, 49_999L);
      rows[0] = 1_000;

      single.read(schema, Map.of(), cutting, SnapshotProgress.NONE);

      assertThat(rows[0]).isEqualTo(51_000);
    }
  }

  private static void terminate(String application) {
    try {
      execute(
          DATABASE,
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '"
              + application
              + "'");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertFails(
      SequentialSnapshot reader, TableSchema schema, FailureCode code, String message) {
    assertThatThrownBy(() -> reader.read(schema, Map.of(), NOWHERE, SnapshotProgress.NONE))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> {
              assertThat(e).hasMessageContaining(message);
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.hint()).isNotEmpty();
            });
  }

  private static List<String> keys(String table) throws Exception {
    List<String> keys = new ArrayList<>();
    snapshot.read(
        schema(table), Map.of(), (key, value, nulls) -> keys.add(text(key)), SnapshotProgress.NONE);
    return keys;
  }

  /** The same rows by PostgreSQL's own JSON functions. */
  private static Map<String, String> asTheSourceSays() throws SQLException {
    Map<String, String> rows = new TreeMap<>();
    try (Connection connection = connect(DATABASE);
        Statement statement = connection.createStatement()) {
      SourceSession.applyTo(connection);
      ResultSet row =
          statement.executeQuery(
              """
              SELECT format('{"id":%s}', id),
                     format('{"at":%s,"id":%s,"t":%s,"j":%s,"tags":["%s",null,"a,b"]}',
                            to_json(to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), id,
                            coalesce(to_json(t)::text, 'null'), j, id)
                FROM public.whole
              """);
      while (row.next()) {
        rows.put(row.getString(1), row.getString(2));
      }
    }
    return rows;
  }

  private static TableSchema schema(String table, String... excluded) throws SQLException {
    try (Connection connection = connect(DATABASE)) {
      SourceSession.applyTo(connection);
      CatalogTable found = new TableCatalog(connection).read("public", table).orElseThrow();
      return found.toSchema(
          "shop", 1, new TypeCatalog(connection), List.of(excluded)::contains, found.primaryKey());
    }
  }

  private static SequentialSnapshot open(String user) {
    return SequentialSnapshot.open("shop", url(), properties(user), SnapshotConfig.DEFAULT);
  }

  private static String url() {
    return SharedServices.postgres().jdbcUrl(DATABASE);
  }

  private static Properties properties(String user) {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", PostgresServer.PASSWORD);
    return properties;
  }

  private static Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        SharedServices.postgres().jdbcUrl(database), properties(PostgresServer.USER));
  }

  private static void execute(String database, String... statements) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String text(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }
}

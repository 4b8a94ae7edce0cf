package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A replica rebuilt beside itself, with real readers and writers at work all the while. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class PostgresRebuildIT {
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final int ROWS = 3_000;

  private final String name =
      "rebuild_" + ProcessHandle.current().pid() + "_" + NAMES.incrementAndGet();
  private final TestRows rows = TestRows.withNumberKey();
  private final String table = rows.schema().table().name();
  private final Random random = new Random(3);
  private final TreeMap<Integer, String> expected = new TreeMap<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private TestLog log = new TestLog(BROKERS, rows, 2);

  @BeforeEach
  void makeDatabase() throws SQLException {
    try (Connection admin = connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    for (int id = 0; id < ROWS; id++) {
      put(id, 0);
    }
    log.commit();
  }

  @AfterEach
  void closeAll() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    log.close();
  }

  @Test
  void readersOfEveryKindSeeWholeTablesOverSwitchAndRollback() throws Exception {
    Running sink = start(config(mine()), Duration.ofHours(1));
    await(() -> contents().equals(expected), sink);
    execute("CREATE SCHEMA outside");
    execute("CREATE INDEX by_name ON shop." + table + " (name)");
    execute("CREATE VIEW shop.inside AS SELECT id, name FROM shop." + table);
    execute("CREATE VIEW outside.view AS SELECT id, name FROM shop." + table);
    execute("COMMENT ON TABLE shop." + table + " IS 'orders of the shop'");
    execute("CREATE ROLE reader_" + name);
    execute("GRANT SELECT ON shop." + table + " TO reader_" + name);
    Traffic traffic = new Traffic();
    opened.add(traffic);
    try (Connection old = connect(name);
        Readers readers = new Readers()) {
      // Opened before the load: its snapshot has none of the new tables' rows.
      old.setAutoCommit(false);
      old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      long before = count(old, "shop." + table);

      sink.wish(SinkWish.Action.REBUILD, true);
      await(
          () -> phase(sink) == RebuildProgress.Phase.FINISHING && detail(sink).contains("pid"),
          sink);
      assertThat(count(old, "shop." + table)).isEqualTo(before);
      assertThat(sink.status().generation()).isEqualTo(1);
      old.commit();

      await(() -> sink.status().generation() == 2, sink);
      assertThat(sink.status().previous()).contains(1);
      // Not over the old tables, which are fed on and would look the same.
      assertThat(query("SELECT pg_get_viewdef('outside.view'::regclass)"))
          .contains("FROM shop." + table);
      // For the time of a rollback the old one is fed on.
      Thread.sleep(300);
      sink.wish(SinkWish.Action.ROLLBACK, false);
      await(() -> sink.status().generation() == 1, sink);
      sink.wish(SinkWish.Action.ROLLBACK, false);
      await(() -> sink.status().generation() == 2, sink);
      traffic.close();
      await(() -> contents().equals(expected), sink);
      readers.close();
      assertThat(readers.failures).isEmpty();
      assertThat(readers.reads.get()).isGreaterThan(100);
    }
    assertThat(query("SELECT count(*) FROM outside.view")).isEqualTo("" + expected.size());
    assertThat(query("SELECT count(*) FROM shop.inside")).isEqualTo("" + expected.size());
    assertThat(query("SELECT obj_description('shop.%s'::regclass)".formatted(table)))
        .isEqualTo("orders of the shop");
    assertThat(
            query(
                "SELECT has_table_privilege('reader_%s', 'shop.%s', 'SELECT')"
                    .formatted(name, table)))
        .isEqualTo("t");
    assertThat(
            query(
                "SELECT count(*) FROM pg_indexes WHERE schemaname = 'shop' AND indexname = 'by_name'"))
        .isEqualTo("1");
  }

  @Test
  void aRebuildThatIsCutGoesOnAndOneThatIsAbortedLeavesNothing() throws Exception {
    Running first = start(config(mine()), Duration.ofHours(1));
    await(() -> contents().equals(expected), first);
    first.wish(new SinkWish("slow", SinkWish.Action.REBUILD, false, 1_000, false, now()));
    await(() -> first.status().rebuild().map(RebuildProgress::rows).orElse(0L) > 1_000, first);
    first.close();
    long applied = Long.parseLong(query("SELECT count(*) FROM shop_g2." + table));
    assertThat(applied).isBetween(1_000L, ROWS - 1L);

    Running second = start(config(mine()), Duration.ofHours(1));
    second.wish(new SinkWish("slow", SinkWish.Action.REBUILD, false, 1_000, false, now()));
    AtomicLong rows = new AtomicLong();
    await(
        () -> {
          second.status().rebuild().ifPresent(r -> rows.set(r.rows()));
          return second.status().generation() == 2;
        },
        second);
    // What is in the target is not applied again: the second worker brings the rest, no row more.
    assertThat(rows.get()).isBetween(1L, ROWS - applied);
    assertThat(contents()).isEqualTo(expected);

    await(() -> second.status().rebuild().isEmpty(), second);
    second.wish(new SinkWish("again", SinkWish.Action.REBUILD, false, 100, false, now()));
    await(() -> second.status().rebuild().isPresent(), second);
    second.wish(SinkWish.Action.ABORT, false);
    await(
        () ->
            second.status().rebuild().isEmpty()
                && query("SELECT count(*) FROM headwater.generation WHERE generation <> 2")
                    .equals("0")
                && query(
                        "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'shop!_g%' ESCAPE '!'")
                    .equals("0"),
        second);
    assertThat(second.status().generation()).isEqualTo(2);
    assertThat(contents()).isEqualTo(expected);
  }

  @Test
  void anotherDefinitionIsBuiltBesideTheOneThatServes() throws Exception {
    Running first = start(config(mine()), Duration.ofHours(1));
    await(() -> contents().equals(expected), first);
    first.close();

    Running second =
        start(config(List.of("shop.public." + table, "shop.public.none")), Duration.ofHours(1));

    await(() -> second.status().generation() == 2, second);
    assertThat(contents()).isEqualTo(expected);
    // It was asked for by the file: it stays away once it was rolled back by hand.
    second.wish(SinkWish.Action.ROLLBACK, false);
    await(() -> second.status().generation() == 1, second);
    put(1, 77);
    log.commit();
    await(() -> contents().equals(expected), second);
    assertThat(second.status().rebuild()).isEmpty();
    assertThat(second.progress().detail()).contains("rolled back");
  }

  @Test
  void rowsThatTheLogHasNoMoreAreSweptAfterAnOutage() throws Exception {
    setRetention(Duration.ofSeconds(6));
    Running first = start(config(mine()), Duration.ofHours(1));
    await(() -> contents().equals(expected), first);
    first.close();
    // What a worker leaves that never heard of a delete whose tombstone is gone from the log.
    execute("INSERT INTO shop." + table + " VALUES (900001, 'ghost', 1), (900002, 'ghost', 2)");
    Thread.sleep(3_500);
    put(5, 55);
    log.commit();

    Running second = start(config(mine()), Duration.ofHours(1));

    await(() -> contents().equals(expected), second);
    await(
        () -> query("SELECT count(*) FROM headwater.checkpoint WHERE level_at_ms = 0").equals("0"),
        second);
  }

  private void setRetention(Duration retention) throws Exception {
    try (LogConnection admin = TestLog.connect(BROKERS, Duration.ofDays(7))) {
      admin
          .admin()
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.TOPIC, log.topic().name()),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry("delete.retention.ms", "" + retention.toMillis()),
                          AlterConfigOp.OpType.SET))))
          .all()
          .get();
    }
  }

  /** The table of this test alone: the log that tests share has those of other tests too. */
  private List<String> mine() {
    return List.of("shop.public." + table);
  }

  private static long now() {
    return System.currentTimeMillis();
  }

  private static RebuildProgress.@Nullable Phase phase(Running sink) {
    return sink.status().rebuild().map(RebuildProgress::phase).orElse(null);
  }

  private static String detail(Running sink) {
    return sink.status().rebuild().map(RebuildProgress::detail).orElse("");
  }

  private synchronized void put(int id, int qty) {
    expected.put(id, row(id, "n" + random.nextInt(1_000_000), qty));
    log.put(key(id), expected.get(id));
  }

  private SinkConfig.Postgres config(List<String> tables) {
    return new SinkConfig.Postgres(
        name,
        "postgresql://127.0.0.1:" + SharedServices.postgres().port() + "/" + name,
        Optional.of(PostgresServer.USER),
        Optional.of(new Secret(PostgresServer.PASSWORD)),
        tables,
        "shop");
  }

  private Running start(SinkConfig config, Duration grace) {
    Running running = new Running(config, grace);
    opened.add(running);
    return running;
  }

  private static Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + SharedServices.postgres().port() + "/" + database,
        PostgresServer.USER,
        PostgresServer.PASSWORD);
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private String query(String sql) throws SQLException {
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static long count(Connection connection, String relation) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM " + relation)) {
      row.next();
      return row.getLong(1);
    }
  }

  private TreeMap<Integer, String> contents() {
    TreeMap<Integer, String> found = new TreeMap<>();
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT id, name, qty FROM shop." + table)) {
      while (row.next()) {
        found.put(row.getInt(1), row(row.getInt(1), row.getString(2), row.getInt(3)));
      }
      return found;
    } catch (SQLException e) {
      return new TreeMap<>();
    }
  }

  private static void await(Condition condition, Running sink) throws Exception {
    long end = System.nanoTime() + 90_000_000_000L;
    while (!condition.holds()) {
      sink.requireAlive();
      if (System.nanoTime() > end) {
        throw new AssertionError("not so within a minute and a half: " + sink.status());
      }
      Thread.sleep(20);
    }
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  /** Updates of living rows, as fast as the log takes them: the count of rows never changes. */
  private final class Traffic implements AutoCloseable {
    private volatile boolean stopped;
    private final Thread thread = new Thread(this::run, "traffic");

    Traffic() {
      thread.start();
    }

    private void run() {
      for (int i = 1; !stopped; i++) {
        put(random.nextInt(ROWS), i);
        if (i % 5 == 0) {
          synchronized (PostgresRebuildIT.this) {
            log.commit();
          }
        }
      }
      log.commit();
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }

  /** Readers without a pause; each notes what it must never see. */
  private final class Readers implements AutoCloseable {
    private final List<String> failures = new ArrayList<>();
    private final AtomicLong reads = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    Readers() {
      reader("read committed", false, "SELECT count(*), sum(qty) FROM shop." + table);
      reader("outside view", false, "SELECT count(*), 0 FROM outside.view");
      reader("inside view", false, "SELECT count(*), 0 FROM shop.inside");
      reader("repeatable read", true, "SELECT count(*), sum(qty) FROM shop." + table);
      prepared();
    }

    private void reader(String kind, boolean isRepeatable, String sql) {
      start(
          kind,
          connection -> {
            connection.setAutoCommit(false);
            if (isRepeatable) {
              connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            }
            long floor = 0;
            while (!stopped) {
              long last = -1;
              for (int i = 0; i < (isRepeatable ? 5 : 1); i++) {
                try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                  row.next();
                  long sum = row.getLong(2);
                  if (row.getLong(1) != ROWS) {
                    note(kind + ": " + row.getLong(1) + " rows");
                  }
                  if (sum < floor || (last >= 0 && sum < last)) {
                    note(kind + ": went back from " + Math.max(floor, last) + " to " + sum);
                  }
                  last = sum;
                }
                reads.incrementAndGet();
              }
              connection.commit();
              floor = isRepeatable ? 0 : last;
            }
          });
    }

    private void prepared() {
      start(
          "prepared",
          connection -> {
            try (PreparedStatement all =
                connection.prepareStatement("SELECT * FROM shop." + table + " WHERE id < ?")) {
              while (!stopped) {
                all.setInt(1, 100);
                int found = 0;
                try (ResultSet row = all.executeQuery()) {
                  while (row.next()) {
                    found++;
                  }
                }
                if (found != 100) {
                  note("prepared: " + found + " rows");
                }
                reads.incrementAndGet();
              }
            }
          });
    }

    private void start(String kind, Reading reading) {
      Thread thread =
          new Thread(
              () -> {
                try (Connection connection = connect(name)) {
                  reading.run(connection);
                } catch (Exception e) {
                  note(kind + ": " + e);
                }
              },
              kind);
      threads.add(thread);
      thread.start();
    }

    private synchronized void note(String failure) {
      failures.add(failure);
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private interface Reading {
    void run(Connection connection) throws Exception;
  }

  /** One process of the sink. */
  private static final class Running implements AutoCloseable {
    private final LogConnection connection = TestLog.connect(BROKERS, Duration.ofDays(7));
    private final SinkSupervisor supervisor;
    private final CompletableFuture<Void> run;
    private final AtomicReference<String> lastWish = new AtomicReference<>("");

    Running(SinkConfig config, Duration grace) {
      supervisor =
          new SinkSupervisor(
              config,
              Sinks.generations(config),
              connection,
              2,
              new SinkSupervisor.Timing(Duration.ofMillis(100), grace));
      run = CompletableFuture.runAsync(supervisor, task -> new Thread(task, "supervisor").start());
    }

    void wish(SinkWish wish) {
      supervisor.wish(wish);
    }

    SinkProgress progress() {
      return supervisor.progress();
    }

    void wish(SinkWish.Action action, boolean keepPrevious) {
      lastWish.set(UUID.randomUUID().toString());
      supervisor.wish(
          new SinkWish(lastWish.get(), action, keepPrevious, 0, false, System.currentTimeMillis()));
    }

    SinkStatus status() {
      return supervisor.status();
    }

    void requireAlive() {
      if (run.isCompletedExceptionally()) {
        try {
          run.get();
        } catch (ExecutionException e) {
          throw (HeadwaterException) e.getCause();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }

    @Override
    public void close() {
      supervisor.close();
      connection.close();
    }
  }
}

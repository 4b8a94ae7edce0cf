package dev.headwater.capture;

import dev.headwater.capture.debezium.DebeziumChangeSource;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.TableLoader;
import dev.headwater.log.topic.TopicNames;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A database of its own, captured into topics of its own by a worker that tests start and stop.
 *
 * <p>{@code public.mark} is captured with whatever else is, so that a test can wait until all that
 * was committed before is in the log.
 */
final class CapturedSource implements AutoCloseable {
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final PostgresServer server;
  private final String name =
      "c" + NAMES.incrementAndGet() + "_" + Long.toString(System.nanoTime() & 0xffffff, 36);
  private final LogConnection log;
  private UnaryOperator<ChangeSource> wrapping = UnaryOperator.identity();
  private TableLoader loader = NoLoads::begin;
  private List<String> tables = List.of();
  private Map<String, List<String>> keys = Map.of();
  private CaptureConfig.OnSchemaChange onSchemaChange = CaptureConfig.OnSchemaChange.FOLLOW;
  private Optional<Long> walBudget = Optional.empty();
  private CaptureConfig.OverBudget overBudget = CaptureConfig.OverBudget.WARN;
  private int partitions = 2;
  private @Nullable CaptureWorker worker;
  private @Nullable Thread thread;
  private final AtomicReference<@Nullable HeadwaterException> failure = new AtomicReference<>();
  private int marks;

  private CapturedSource(PostgresServer server) throws SQLException {
    this.server = server;
    try (Connection admin = connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    this.log = LogConnection.open(logConfig());
    sql("CREATE TABLE mark (n int PRIMARY KEY)");
  }

  static CapturedSource create() throws SQLException {
    return new CapturedSource(SharedServices.postgres());
  }

  static CapturedSource on(PostgresServer server) throws SQLException {
    return new CapturedSource(server);
  }

  private LogConfig logConfig() {
    return new LogConfig(
        Optional.of(SharedServices.kafka().bootstrapServers()),
        LogConfig.DEFAULT_DIRECTORY,
        Optional.of(1),
        Optional.of(1),
        Map.of("*", partitions),
        LogConfig.DEFAULT_DELETE_RETENTION,
        Map.of());
  }

  String name() {
    return name;
  }

  LogConnection log() {
    return log;
  }

  CapturedSource keys(Map<String, List<String>> byTable) {
    keys = byTable;
    return this;
  }

  CapturedSource slot(long walBudgetBytes, CaptureConfig.OverBudget then) {
    walBudget = Optional.of(walBudgetBytes);
    overBudget = then;
    return this;
  }

  CapturedSource stopOnSchemaChange() {
    onSchemaChange = CaptureConfig.OnSchemaChange.STOP;
    return this;
  }

  /** Puts something of the test's between the stream and capture, from the next start on. */
  CapturedSource wrap(UnaryOperator<ChangeSource> with) {
    wrapping = with;
    return this;
  }

  /** Who loads tables, from the next start on; nobody unless it is said. */
  CapturedSource loader(TableLoader with) {
    loader = with;
    return this;
  }

  Connection connect() throws SQLException {
    return connect(name);
  }

  private Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl(database), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  void sql(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** The first column of each row. */
  List<String> query(String sql) throws SQLException {
    List<String> values = new ArrayList<>();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(sql)) {
      while (rs.next()) {
        values.add(String.valueOf(rs.getString(1)));
      }
    }
    return values;
  }

  /** Starts capture and waits until it streams. */
  void start(String... patterns) throws InterruptedException {
    tables = new ArrayList<>(Arrays.asList(patterns));
    launch();
    await("streaming", () -> status().state() == CaptureStatus.State.STREAMING);
  }

  /** Starts capture and does not wait. */
  void launch(String... patterns) {
    if (patterns.length > 0) {
      tables = new ArrayList<>(Arrays.asList(patterns));
    }
    failure.set(null);
    CaptureWorker started =
        new CaptureWorker(config(), log, loader, c -> wrapping.apply(new DebeziumChangeSource(c)));
    worker = started;
    Thread running =
        new Thread(
            () -> {
              try {
                started.run();
              } catch (HeadwaterException e) {
                failure.set(e);
              }
            },
            "capture-" + name);
    thread = running;
    running.start();
  }

  /** Starts the same again. */
  void restart() throws InterruptedException {
    start(tables.toArray(String[]::new));
  }

  CaptureStatus status() {
    return java.util.Objects.requireNonNull(worker).status();
  }

  /** Waits until capture has ended by itself, and says why. */
  HeadwaterException awaitFailure() throws InterruptedException {
    await("failed", () -> failure.get() != null);
    return java.util.Objects.requireNonNull(failure.get());
  }

  void stop() throws InterruptedException {
    CaptureWorker running = worker;
    if (running != null) {
      running.close();
      java.util.Objects.requireNonNull(thread).join(30_000);
    }
  }

  /** Returns when everything committed so far is in the log. */
  void awaitLog() throws Exception {
    int mark = ++marks;
    sql("INSERT INTO mark VALUES (" + mark + ")");
    LogTopic topic = topic("mark");
    await(
        "mark " + mark,
        () -> topic.records().stream().anyMatch(r -> r.key().contains(":" + mark + "}")));
  }

  /** The records of a table in {@code public}. */
  LogTopic topic(String table) {
    return new LogTopic(
        SharedServices.kafka().bootstrapServers(),
        TopicNames.forTable(new TableId(name, "public", table)));
  }

  CaptureConfig config() {
    List<String> all = new ArrayList<>(tables);
    all.add("public.mark");
    return new CaptureConfig(
        name,
        "127.0.0.1",
        server.port(),
        name,
        PostgresServer.USER,
        Optional.of(new Secret(PostgresServer.PASSWORD)),
        Map.of(),
        all,
        keys,
        List.of(),
        Map.of(),
        new CaptureConfig.SlotConfig("headwater_" + name, walBudget, overBudget),
        onSchemaChange,
        Duration.ofMillis(500),
        Map.of());
  }

  void await(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    while (!condition.getAsBoolean()) {
      HeadwaterException failed = failure.get();
      if (failed != null && !what.equals("failed")) {
        throw new AssertionError("capture ended before " + what, failed);
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not in time: " + what + "; capture is " + status());
      }
      Thread.sleep(50);
    }
  }

  @Override
  public void close() throws Exception {
    stop();
    log.close();
    try (Connection admin = connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute(
          "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
              + " WHERE slot_name = 'headwater_"
              + name
              + "' AND NOT active");
    }
  }
}

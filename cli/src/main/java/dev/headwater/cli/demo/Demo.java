package dev.headwater.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.Pipeline;
import dev.headwater.cli.verify.ServingSink;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkStatus;
import dev.headwater.sinks.SinkSupervisor;
import dev.headwater.sinks.SinkWish;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Progress;
import dev.headwater.sinks.verify.Report;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import redis.clients.jedis.JedisPooled;

/** The demo's story, told step by step as it happens. */
public final class Demo {
  private static final String CACHE = "customer-cache";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration TRAFFIC = Duration.ofSeconds(6);

  /** Room for rows that are damaged by hand and rows that are not. */
  private static final int MIN_ROWS = 100;

  private final Console console;
  private final int rows;
  private final long startedAt = System.nanoTime();
  private final Map<String, HeadwaterException> failures = new ConcurrentHashMap<>();
  private final ObjectNode summary = new ObjectMapper().createObjectNode();

  public Demo(Console console, int rows) {
    this.console = console;
    this.rows = Math.max(MIN_ROWS, rows);
  }

  /** Tells the story; with {@code once} it ends by itself. The exit code. */
  public int run(boolean once) throws SQLException, IOException, InterruptedException, Exception {
    step("starting PostgreSQL, Kafka, Redis and OpenSearch, each in a process of its own");
    try (DemoServers servers = DemoServers.start()) {
      console.say(
          "  PostgreSQL "
              + servers.postgresAddress()
              + "   Kafka "
              + servers.kafkaAddress()
              + "   Redis "
              + servers.redisUrl()
              + "   OpenSearch "
              + servers.searchUrl());
      try (Connection admin = servers.connect("postgres");
          Statement statement = admin.createStatement()) {
        statement.execute("CREATE DATABASE shop");
        statement.execute("CREATE DATABASE reporting");
      }
      try (Shop shop = new Shop(servers.connect("shop"), rows)) {
        shop.fill();
        step("a shop with " + rows + " rows in three tables; capture and three sinks start");
        HeadwaterConfig config = configuration(servers);
        try (LogConnection log = LogConnection.open(config.log());
            Pipeline pipeline =
                new Pipeline(
                    config,
                    log,
                    name -> true,
                    (name, failure) -> {
                      failures.put(name, failure);
                      console.fail(failure, false);
                    })) {
          pipeline.start();
          return story(once, servers, shop, pipeline, config, log);
        }
      }
    }
  }

  private int story(
      boolean once,
      DemoServers servers,
      Shop shop,
      Pipeline pipeline,
      HeadwaterConfig config,
      LogConnection log)
      throws Exception {
    Comparison comparison = new Comparison(servers);
    long loadStart = System.nanoTime();
    await("the shop's rows in all three targets", () -> isEqual(comparison));
    summary.put("load_ms", millisSince(loadStart));
    step("every row is in the cache, the search index and the replica");

    showOneRow(servers);
    step("live traffic: orders come, ship and go, prices and addresses change");
    shop.startTraffic();
    Thread.sleep(TRAFFIC.toMillis());

    step("the cache is killed with all that is in it, and comes back empty");
    servers.redis().kill();
    servers.redis().restart();
    long rebuildStart = System.nanoTime();
    await("the cache to be filled again from the log", () -> cacheSize(servers) >= rows / 5);
    summary.put("cache_rebuild_ms", millisSince(rebuildStart));
    console.say(
        "  filled again from the log in "
            + millisSince(rebuildStart)
            + " ms; the database was not asked");
    step("headwater rebuild " + CACHE + ": each row once more from the log, while it is read");
    rebuildCache(servers, pipeline, log);

    step("somebody changes, deletes and adds rows by hand in all three, while the shop goes on");
    new Vandal(servers).strike();
    boolean isMended = verifyAndRepair(config, log);

    if (!once) {
      console.say("");
      console.say("Going on until Ctrl-C. Look around:");
      console.say(
          "  psql -h 127.0.0.1 -p "
              + servers.postgresAddress().split(":")[1]
              + " -U postgres shop");
      console.say("  redis-cli -u " + servers.redisUrl() + " get customer:42");
      console.say("  curl '" + servers.searchUrl() + "/products/_search?q=lamp'");
      pipeline.awaitEnd();
      return 1;
    }
    shop.stopTraffic();
    long settleStart = System.nanoTime();
    await("the last change in all three targets", () -> isEqual(comparison));
    summary.put("settle_ms", millisSince(settleStart));
    return summarise(comparison, shop, pipeline, isMended);
  }

  /** One row, by hand: how long until each target has it, and until it is gone again. */
  private void showOneRow(DemoServers servers) throws Exception {
    try (Connection connection = servers.connect("shop");
        Statement statement = connection.createStatement();
        JedisPooled redis = new JedisPooled(URI.create(servers.redisUrl()))) {
      long inserted = System.nanoTime();
      statement.execute(
          "INSERT INTO customers VALUES (4242424242, 'Ada', 'ada@example.com', 'London')");
      await("the new customer in the cache", () -> redis.exists("customer:4242424242"));
      long millis = millisSince(inserted);
      summary.put("insert_to_cache_ms", millis);
      console.say("  INSERT INTO customers …   " + millis + " ms later: GET customer:4242424242");
      console.say("  " + console.green(redis.get("customer:4242424242")));
      long deleted = System.nanoTime();
      statement.execute("DELETE FROM customers WHERE id = 4242424242");
      await("the customer to be gone", () -> !redis.exists("customer:4242424242"));
      summary.put("delete_to_cache_ms", millisSince(deleted));
      console.say("  DELETE FROM customers …   " + millisSince(deleted) + " ms later: gone");
    }
  }

  /** What 'headwater rebuild customer-cache --yes' does. */
  private void rebuildCache(DemoServers servers, Pipeline pipeline, LogConnection log)
      throws Exception {
    long rebuildStart = System.nanoTime();
    String request = UUID.randomUUID().toString();
    SinkWish wish =
        new SinkWish(request, SinkWish.Action.REBUILD, false, 0, false, System.currentTimeMillis());
    try (ControlBoard controls = new ControlBoard(log)) {
      controls.desire(SinkWish.component(CACHE), wish.json());
    }
    SinkSupervisor sink = Objects.requireNonNull(pipeline.sinks().get(CACHE));
    AtomicLong written = new AtomicLong();
    await(
        "the cache to be rebuilt",
        () -> {
          SinkStatus status = sink.status();
          status.rebuild().ifPresent(rebuild -> written.set(rebuild.rows()));
          return status.lastRequest().equals(request) && status.rebuild().isEmpty();
        });
    int generation = sink.status().generation();
    long millis = millisSince(rebuildStart);
    console.say(
        String.format(
            "  generation %d serves, %d rows written in %d ms; the cache has %d keys",
            generation, written.get(), millis, cacheSize(servers)));
    summary
        .putObject("rebuild")
        .put("sink", CACHE)
        .put("generation", generation)
        .put("rows", written.get())
        .put("ms", millis);
  }

  /** What 'headwater verify SINK --repair' and then 'headwater verify SINK' say. */
  private boolean verifyAndRepair(HeadwaterConfig config, LogConnection log) {
    boolean isMended = true;
    for (SinkConfig sink : config.sinks()) {
      try (ServingSink serving = ServingSink.open(sink)) {
        long repairStart = System.nanoTime();
        Report found = serving.verify(log, true, 0, Progress.NONE);
        long repairMs = millisSince(repairStart);
        Report again = serving.verify(log, false, 0, Progress.NONE);
        boolean isJustThat = true;
        long mended = 0;
        for (Kind kind : List.of(Kind.DIFFERENT, Kind.MISSING, Kind.EXTRA)) {
          isJustThat &= found.count(kind) == Vandal.EACH;
          mended += found.mended(kind);
        }
        isMended &= isJustThat && again.isEqual();
        console.say(
            String.format(
                "  %-15s %d different, %d missing, %d extra of %d rows; %d mended in %d ms; then %s",
                sink.name(),
                found.count(Kind.DIFFERENT),
                found.count(Kind.MISSING),
                found.count(Kind.EXTRA),
                found.rows(),
                mended,
                repairMs,
                again.isEqual() ? console.green("equal") : console.red("NOT EQUAL")));
        summary
            .withArray("repairs")
            .addObject()
            .put("sink", sink.name())
            .put("different", found.count(Kind.DIFFERENT))
            .put("missing", found.count(Kind.MISSING))
            .put("extra", found.count(Kind.EXTRA))
            .put("mended", mended)
            .put("repair_ms", repairMs)
            .put("equal_after", again.isEqual());
      }
    }
    return isMended;
  }

  private int summarise(Comparison comparison, Shop shop, Pipeline pipeline, boolean isMended)
      throws SQLException, IOException, InterruptedException {
    List<Comparison.Finding> findings = compareAll(comparison);
    long captured = pipeline.captures().get("shop").status().records();
    long lag =
        pipeline.sinks().values().stream()
            .map(SinkSupervisor::progress)
            .mapToLong(p -> p.lagRecords())
            .sum();
    summary.put("rows_captured", captured);
    summary.put("live_transactions", shop.transactions());
    summary.put("lag_records", lag);
    summary.put("total_ms", millisSince(startedAt));
    ArrayNode targets = summary.putArray("targets");
    boolean equal = failures.isEmpty() && isMended;
    for (Comparison.Finding f : findings) {
      equal &= f.isEqual();
      targets
          .addObject()
          .put("target", f.where())
          .put("source_rows", f.source())
          .put("target_rows", f.found())
          .put("different", f.different());
    }
    summary.put("equal", equal);
    if (console.isJson()) {
      console.answer(summary);
      return equal ? 0 : 1;
    }
    console.answer("");
    console.answer(
        console.bold(
            String.format("  %-32s %10s %10s %10s", "where", "source", "target", "different")));
    for (Comparison.Finding f : findings) {
      console.answer(
          String.format(
              "  %-32s %10d %10d %10d  %s",
              f.where(),
              f.source(),
              f.found(),
              f.different(),
              f.isEqual() ? console.green("equal") : console.red("NOT EQUAL")));
    }
    console.answer("");
    console.answer("  records in the log      " + captured);
    console.answer("  live transactions       " + shop.transactions());
    console.answer("  insert to cache         " + summary.path("insert_to_cache_ms") + " ms");
    console.answer("  cache filled again in   " + summary.path("cache_rebuild_ms") + " ms");
    console.answer("  lag at the end          " + lag + " records");
    console.answer("  all in                  " + millisSince(startedAt) / 1000 + " s");
    console.answer(
        equal ? console.green("  every row is where it should be") : console.red("  rows differ"));
    return equal ? 0 : 1;
  }

  private static List<Comparison.Finding> compareAll(Comparison comparison)
      throws SQLException, IOException, InterruptedException {
    List<Comparison.Finding> findings = new ArrayList<>();
    findings.add(comparison.cache());
    findings.add(comparison.search());
    for (String table : List.of("customers", "products", "orders")) {
      findings.add(comparison.replica(table));
    }
    return findings;
  }

  private static boolean isEqual(Comparison comparison) throws Exception {
    try {
      return compareAll(comparison).stream().allMatch(Comparison.Finding::isEqual);
    } catch (SQLException e) {
      // The replica's tables appear with their first rows.
      if ("42P01".equals(e.getSQLState()) || "3F000".equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  private static long cacheSize(DemoServers servers) {
    try (JedisPooled redis = new JedisPooled(URI.create(servers.redisUrl()))) {
      return redis.dbSize();
    }
  }

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.call()) {
      Optional<HeadwaterException> failed = failures.values().stream().findFirst();
      if (failed.isPresent()) {
        throw failed.get();
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "waited " + LIMIT.toSeconds() + " s for " + what + ", in vain");
      }
      Thread.sleep(20);
    }
  }

  private static HeadwaterConfig configuration(DemoServers servers) throws IOException {
    Path file = Files.createTempFile("headwater-demo", ".yaml");
    try (InputStream yaml = Demo.class.getResourceAsStream("/connectors.yaml")) {
      if (yaml == null) {
        throw new IllegalStateException("the demo's connectors.yaml was not built in");
      }
      Files.copy(yaml, file, StandardCopyOption.REPLACE_EXISTING);
      HeadwaterConfig loaded = ConfigLoader.load(file, servers.environment()::get);
      LogConfig log =
          new LogConfig(
              Optional.of(servers.kafkaAddress()),
              loaded.log().directory(),
              Optional.of(1),
              Optional.of(1),
              loaded.log().partitions(),
              loaded.log().deleteRetention(),
              loaded.log().properties());
      return new HeadwaterConfig(log, loaded.connectors(), loaded.sinks(), loaded.console());
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private void step(String what) {
    console.say(
        console.dim(String.format("%5.1f s  ", (System.nanoTime() - startedAt) / 1e9))
            + console.bold(what));
  }

  private static long millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }
}

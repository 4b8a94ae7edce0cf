package dev.headwater.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.devservices.TcpProxy;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.sinks.SinkProgress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** Three sinks in one process: one target is dead, one slow, and the third has each row in time. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class SinkIsolationIT {
  private static final String WHO =
      "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
  private static final int BEFORE = 100;
  private static final int MEANWHILE = 200;
  private static final int ALL = BEFORE + MEANWHILE;

  /** What is written meanwhile takes the slow one eight minutes, longer than this test lasts. */
  private static final int ROW_BYTES = 20_000;

  private static final int SLOW_BYTES_PER_SECOND = 8 << 10;

  /** A row is with the third within this, or it was held up. */
  private static final long IN_TIME_MS = 10_000;

  private static final Pattern COUNT = Pattern.compile("\"count\":(\\d+)");

  private final String connector = FreshName.of("isolated");
  private final String source = FreshName.of("isolation_source");
  private final String target = FreshName.of("isolation_target");
  private final String cache = FreshName.of("cache");
  private final String search = FreshName.of("search");
  private final String reporting = FreshName.of("reporting");

  @TempDir private Path directory;

  @Test
  void aDeadAndASlowSinkHoldUpNothingButThemselves() throws Exception {
    query("postgres", "CREATE DATABASE " + source);
    query("postgres", "CREATE DATABASE " + target);
    query(source, "CREATE TABLE orders (id int PRIMARY KEY, note text)");
    insert(1, BEFORE);
    try (RedisServer redis = RedisServer.start();
        OpenSearchServer index = OpenSearchServer.start();
        TcpProxy toRedis = new TcpProxy("redis").forwardTo(redis.port());
        TcpProxy toSearch = new TcpProxy("search").forwardTo(index.port())) {
      HeadwaterConfig config = config(toRedis.port(), toSearch.port());
      try (LogConnection log = LogConnection.open(config.log());
          Pipeline pipeline = new Pipeline(config, log, name -> true, (name, failure) -> {})) {
        pipeline.start();
        await(() -> inReplica() == BEFORE && inCache(redis) == BEFORE && inIndex(index) == BEFORE);

        toRedis.set(TcpProxy.Mode.FREEZE, 0);
        toSearch.set(TcpProxy.Mode.THROTTLE, SLOW_BYTES_PER_SECOND);
        long slowest = 0;
        for (int id = BEFORE + 1; id <= ALL; id++) {
          int expected = id;
          insert(id, id);
          long committed = System.nanoTime();
          await(() -> inReplica() == expected);
          slowest = Math.max(slowest, (System.nanoTime() - committed) / 1_000_000);
        }

        int indexed = inIndex(index);
        System.out.printf(
            "slowest row of the third sink %d ms; the slow one had %d of %d, the dead one %d%n",
            slowest, indexed, ALL, inCache(redis));
        assertThat(slowest).isLessThan(IN_TIME_MS);
        assertThat(inCache(redis)).as("the dead one").isEqualTo(BEFORE);
        assertThat(indexed).as("the slow one").isBetween(BEFORE, ALL - 1);
        await(() -> state(pipeline, cache) == SinkProgress.State.RETRYING);
        assertThat(state(pipeline, reporting)).isEqualTo(SinkProgress.State.RUNNING);

        toRedis.set(TcpProxy.Mode.PASS, 0);
        toSearch.set(TcpProxy.Mode.PASS, 0);
        await(() -> inCache(redis) == ALL && inIndex(index) == ALL);
        await(() -> state(pipeline, cache) == SinkProgress.State.RUNNING);
        for (String sink : pipeline.sinks().keySet()) {
          assertThat(pipeline.sinks().get(sink).status().parked()).as(sink).isZero();
        }
      }
    }
  }

  private static SinkProgress.State state(Pipeline pipeline, String sink) {
    return pipeline.sinks().get(sink).progress().state();
  }

  private void insert(int from, int to) throws SQLException {
    // Text that does not compress, so that each row is as large on its way as it is said to be.
    query(
        source,
        "INSERT INTO orders SELECT g, (SELECT string_agg(md5(g || '/' || s), '')"
            + " FROM generate_series(1, %d / 32) s) FROM generate_series(%d, %d) g"
                .formatted(ROW_BYTES, from, to));
  }

  private int inReplica() throws SQLException {
    return query(target, "SELECT to_regclass('shop.orders')").equals("null")
        ? 0
        : Integer.parseInt(query(target, "SELECT count(*) FROM shop.orders"));
  }

  private static int inCache(RedisServer server) {
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      return redis.keys("order:*").size();
    }
  }

  private static int inIndex(OpenSearchServer server) throws Exception {
    HttpClient http = HttpClient.newHttpClient();
    http.send(
        HttpRequest.newBuilder(URI.create(server.url() + "/orders/_refresh"))
            .POST(HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.discarding());
    Matcher count =
        COUNT.matcher(
            http.send(
                    HttpRequest.newBuilder(URI.create(server.url() + "/orders/_count")).build(),
                    HttpResponse.BodyHandlers.ofString())
                .body());
    return count.find() ? Integer.parseInt(count.group(1)) : 0;
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("not so in time").isLessThan(end);
      Thread.sleep(10);
    }
  }

  private HeadwaterConfig config(int redisPort, int searchPort) throws Exception {
    Path file = directory.resolve("connectors.yaml");
    Files.writeString(
        file,
        """
        version: 1
        log: {bootstrap_servers: "%s", replication_factor: 1, min_insync_replicas: 1}
        connectors:
          - name: CONNECTOR
            type: postgres
            url: "%s"
            user: %s
            password: "%s"
            tables: [public.orders]
        sinks:
          - {name: CACHE, type: redis, url: "redis://127.0.0.1:%d", tables: [CONNECTOR.public.orders], key: "order:{id}"}
          - {name: SEARCH, type: opensearch, url: "http://127.0.0.1:%d", tables: [CONNECTOR.public.orders], index: orders}
          - name: REPORTING
            type: postgres
            url: "%s"
            user: %s
            password: "%s"
            tables: [CONNECTOR.public.orders]
            schema: shop
        """
            .formatted(
                SharedServices.kafka().bootstrapServers(),
                address(source),
                PostgresServer.USER,
                PostgresServer.PASSWORD,
                redisPort,
                searchPort,
                address(target),
                PostgresServer.USER,
                PostgresServer.PASSWORD)
            .replace("CONNECTOR", connector)
            .replace("CACHE", cache)
            .replace("SEARCH", search)
            .replace("REPORTING", reporting));
    return ConfigLoader.load(file, name -> null);
  }

  private static String address(String database) {
    return SharedServices.postgres().jdbcUrl(database).replaceFirst("^jdbc:", "");
  }

  private static String query(String database, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(SharedServices.postgres().jdbcUrl(database) + WHO);
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return "";
      }
      try (ResultSet row = statement.getResultSet()) {
        row.next();
        return String.valueOf(row.getString(1));
      }
    }
  }
}

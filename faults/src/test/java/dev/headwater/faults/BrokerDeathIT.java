package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.KafkaCluster;
import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.faults.topology.HeadwaterProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Three brokers of which one after the other is killed at a moment drawn by lot, while rows are
 * written and awaited in the cache without a pause: none is lost, and how long the slowest of them
 * took is printed.
 *
 * <p>{@code -Dbroker.kills=N -Dbroker.seed=S} make it longer or repeat the draw.
 */
class BrokerDeathIT {
  private static final int KILLS = Integer.getInteger("broker.kills", 3);
  private static final long SEED = Long.getLong("broker.seed", System.nanoTime());

  /** What is bounded in a build is that it goes on; a quiet machine shows how soon. */
  private static final long LIMIT_MS = Integer.getInteger("broker.limit.ms", 30_000);

  private static final int PAUSE_MS = 50;

  @TempDir private Path directory;

  @Test
  @Timeout(900)
  void nobodyStopsForLongWhenABrokerDies() throws Exception {
    System.out.println("broker.seed " + SEED);
    Random random = new Random(SEED);
    try (KafkaCluster log = KafkaCluster.start(3);
        PostgresServer source = PostgresServer.start();
        RedisServer cache = RedisServer.start();
        Connection connection = connect(source);
        Workers workers = new Workers(directory, log, source, cache);
        Rows rows = new Rows(connection, cache, workers)) {
      rows.await(20);
      for (int kill = 1; kill <= KILLS; kill++) {
        KafkaServer victim = log.brokers().get(random.nextInt(3));
        Thread.sleep(random.nextInt(2_000));
        rows.forgetSlowest();
        victim.kill();
        // Until those are there that were written after the longest wait that clients know of.
        rows.await(15_000 / PAUSE_MS);
        System.out.printf(
            "broker %d killed: the slowest row took %,d ms%n",
            log.brokers().indexOf(victim) + 1, rows.slowest());
        assertThat(rows.slowest()).isLessThan(LIMIT_MS);
        victim.restart();
        awaitInSync(log);
      }
      rows.stop();
      rows.awaitAll();
    }
  }

  private static Connection connect(PostgresServer source) throws Exception {
    Connection connection =
        DriverManager.getConnection(
            source.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
    connection.createStatement().execute("CREATE TABLE t (id bigint PRIMARY KEY)");
    return connection;
  }

  /** Until every partition has its three replicas again: one more death is no fault otherwise. */
  private static void awaitInSync(KafkaCluster log) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", log.bootstrapServers()))) {
      await("three replicas everywhere", () -> isWhole(admin));
    }
  }

  private static boolean isWhole(Admin admin) throws Exception {
    return admin
        .describeTopics(admin.listTopics().names().get())
        .allTopicNames()
        .get()
        .values()
        .stream()
        .flatMap(topic -> topic.partitions().stream())
        .allMatch(partition -> partition.isr().size() == partition.replicas().size());
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new TimeoutException("not so within three minutes: " + what);
      }
      Thread.sleep(20);
    }
  }

  /** Capture and the cache's sink, a process each. */
  private static final class Workers implements AutoCloseable {
    private final List<HeadwaterProcess> processes = new ArrayList<>();

    Workers(Path directory, KafkaCluster log, PostgresServer source, RedisServer cache)
        throws Exception {
      Files.writeString(
          directory.resolve("connectors.yaml"),
          """
          version: 1
          log: {bootstrap_servers: "%s"}
          connectors:
            - {name: shop, type: postgres, url: "postgresql://127.0.0.1:%d/postgres", user: %s, password: "%s", tables: [public.t]}
          sinks:
            - {name: cache, type: redis, url: "%s", tables: [shop.public.t], key: "t:{id}"}
          """
              .formatted(
                  log.bootstrapServers(),
                  source.port(),
                  PostgresServer.USER,
                  PostgresServer.PASSWORD,
                  cache.url()));
      start(directory, "capture", "shop");
      start(directory, "sink", "cache");
    }

    private void start(Path directory, String command, String name) throws Exception {
      processes.add(
          HeadwaterProcess.start(command, directory, List.of(command, name, "--no-color")));
    }

    void requireAlive() {
      for (HeadwaterProcess process : processes) {
        assertThat(process.isAlive()).as(process.name() + ": " + process.lastWords()).isTrue();
      }
    }

    /** What each of them said last, for a failure that only it can explain. */
    String lastWords() {
      return processes.stream()
          .map(process -> process.name() + " said:\n" + process.lastWords())
          .collect(Collectors.joining("\n"));
    }

    @Override
    public void close() throws InterruptedException {
      for (HeadwaterProcess process : processes) {
        process.kill();
      }
    }
  }

  /** One row after the other is written; each is looked for until it is in the cache. */
  private static final class Rows implements AutoCloseable {
    private final Map<Long, Long> committedAt = new ConcurrentHashMap<>();
    private final Workers workers;
    private final Thread writer;
    private final Thread reader;
    private volatile long written;
    private volatile long seen;
    private volatile long slowestMs;
    private volatile boolean stopped;
    private volatile boolean closed;
    private volatile Exception failure;

    Rows(Connection connection, RedisServer cache, Workers workers) {
      this.workers = workers;
      writer = new Thread(() -> write(connection), "writer");
      reader = new Thread(() -> read(cache), "reader");
      writer.start();
      reader.start();
    }

    private void write(Connection connection) {
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?)")) {
        while (!stopped) {
          insert.setLong(1, written + 1);
          insert.execute();
          committedAt.put(written + 1, System.nanoTime());
          written++;
          Thread.sleep(PAUSE_MS);
        }
      } catch (SQLException | InterruptedException e) {
        failure = e;
      }
    }

    private void read(RedisServer cache) {
      try (Jedis jedis = new Jedis("127.0.0.1", cache.port())) {
        while (!closed) {
          while (seen < written && jedis.exists("t:" + (seen + 1))) {
            long took = System.nanoTime() - committedAt.get(seen + 1);
            slowestMs = Math.max(slowestMs, TimeUnit.NANOSECONDS.toMillis(took));
            seen++;
          }
          Thread.sleep(5);
        }
      } catch (JedisException | InterruptedException e) {
        failure = e;
      }
    }

    /** Until so many rows that are written from now on are there. */
    void await(int more) throws Exception {
      long goal = written + more;
      try {
        BrokerDeathIT.await(
            "row " + goal + " in the cache",
            () -> {
              workers.requireAlive();
              assertThat(failure).as("the test's own writing and reading").isNull();
              return seen >= goal;
            });
      } catch (TimeoutException e) {
        throw new AssertionError(
            "%s; %d written, %d seen%n%s"
                .formatted(e.getMessage(), written, seen, workers.lastWords()));
      }
    }

    void awaitAll() throws Exception {
      await(0);
    }

    void forgetSlowest() {
      slowestMs = 0;
    }

    long slowest() {
      return slowestMs;
    }

    void stop() throws InterruptedException {
      stopped = true;
      writer.join();
    }

    @Override
    public void close() throws InterruptedException {
      stop();
      closed = true;
      reader.join();
    }
  }
}

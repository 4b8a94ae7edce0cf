package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.devservices.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.postgresql.PGConnection;

/**
 * A replica in PostgreSQL. The interval begins with the first statement that writes, and ends when
 * the last row of each partition is visible; then rows are counted and their contents compared.
 */
final class PostgresReplay {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SCHEMA = "replica";
  private static final String PEER_TOPIC = "peer.public." + RebuildBenchmark.TABLE;
  private static final long MAX_SECONDS = 400;
  private static final String COLUMNS =
      " (id bigint PRIMARY KEY, customer int, state text, amount numeric(12,2),"
          + " created timestamptz, address text, note text, flag boolean)";

  private final Lab lab;
  private final Options options;
  private final Report report;
  private final PostgresServer target;
  private final Connection session;
  private final long checksum;
  private final byte[] copyText;
  private final String lastRows;
  private final String lastPeerRows;
  private final String keySchema;
  private final String valueSchema;

  PostgresReplay(Lab lab, Options options, Report report) {
    this.lab = lab;
    this.options = options;
    this.report = report;
    this.target = lab.servers.postgres("target");
    this.session = session();
    this.checksum = checksum(lab.source, "public." + RebuildBenchmark.TABLE);
    this.copyText = copyText(lab.source);
    this.lastRows = lastRows(RebuildBenchmark.TOPIC);
    JsonNode sample = sample();
    this.keySchema = sample.path("key").toString();
    this.valueSchema = sample.path("value").toString();
    fillPeerTopic();
    this.lastPeerRows = lastRows(PEER_TOPIC);
  }

  void round(int round) {
    RebuildBenchmark.alternating(
        round,
        () -> headwater(round),
        () -> {
          peer(round, true);
          copy(round);
        });
    if (options.withDefaults()) {
      peer(round, false);
    }
  }

  /**
   * From the second round on, a database that has lost everything, which the worker fills again.
   */
  private void headwater(int round) {
    settle();
    try (SourceWatch watch = watch()) {
      if (round > 1) {
        Tables.execute(session, "DROP SCHEMA " + SCHEMA + ", headwater CASCADE");
      }
      Headwater process = worker();
      measure(
          "headwater",
          round,
          SCHEMA + "." + RebuildBenchmark.TABLE,
          lastRows,
          watch,
          process.pid(),
          process::requireAlive);
    }
  }

  private Headwater worker() {
    String definition =
        """
              - name: replica
                type: postgres
                url: postgresql://127.0.0.1:%d/postgres
                user: postgres
                password: postgres
                tables: [%s]
                schema: %s
            """
            .formatted(target.port(), RebuildBenchmark.TOPIC, SCHEMA);
    return lab.worker("replica", definition, options.headwaterJvm());
  }

  private void peer(int round, boolean tuned) {
    String table = (tuned ? "jt_" : "jd_") + RebuildBenchmark.TABLE + "_" + round;
    Tables.execute(session, "CREATE TABLE " + table + COLUMNS);
    Connect connect = lab.connect(tuned);
    Map<String, String> config = new LinkedHashMap<>();
    config.put("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector");
    config.put("tasks.max", "1");
    config.put("topics", PEER_TOPIC);
    config.put("connection.url", target.jdbcUrl("postgres"));
    config.put("connection.username", PostgresServer.USER);
    config.put("connection.password", PostgresServer.PASSWORD);
    config.put("insert.mode", "upsert");
    config.put("primary.key.mode", "record_key");
    config.put("delete.enabled", "true");
    config.put("schema.evolution", "none");
    config.put("collection.name.format", table);
    config.put("consumer.override.auto.offset.reset", "earliest");
    for (String side : new String[] {"key", "value"}) {
      config.put(side + ".converter", "org.apache.kafka.connect.json.JsonConverter");
      config.put(side + ".converter.schemas.enable", "true");
      config.put(side + ".converter.schema.content", side.equals("key") ? keySchema : valueSchema);
    }
    if (tuned) {
      config.put("batch.size", "5000");
      config.put("consumer.override.max.poll.records", "5000");
      config.put("dialect.postgres.unnest.insert.enabled", "true");
    }
    settle();
    try (SourceWatch watch = watch()) {
      connect.create(table, config);
      measure(
          tuned ? "jdbc sink tuned" : "jdbc sink default",
          round,
          table,
          lastPeerRows,
          watch,
          connect.pid(),
          () -> connect.requireRunning(table));
    } finally {
      connect.delete(table);
    }
    Clock.pause(500);
    Tables.execute(session, "DROP TABLE " + table);
  }

  /** The target's own limit: the same rows by one COPY into an empty table with its primary key. */
  private void copy(int round) {
    Tables.execute(session, "CREATE TABLE copied" + COLUMNS);
    settle();
    CpuSeries cpu = new CpuSeries(lab.servers.pids());
    long start = System.nanoTime();
    try {
      session
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn("COPY copied FROM STDIN", new ByteArrayInputStream(copyText), 1 << 20);
    } catch (SQLException | IOException e) {
      throw new BenchmarkException("COPY failed", e);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    cpu.mark();
    requireSame("copied");
    add("copy", round, seconds, cpu, 0);
    Tables.execute(session, "DROP TABLE copied");
  }

  private void measure(
      String contestant,
      int round,
      String table,
      String last,
      SourceWatch watch,
      long pid,
      Runnable alive) {
    await(() -> watch.micros() > 0, alive, 1);
    CpuSeries cpu = new CpuSeries(lab.pids("sink", pid));
    String exists = "SELECT (to_regclass('" + table + "') IS NOT NULL)::int";
    await(() -> Tables.number(session, exists) == 1, alive, 2);
    String complete = "SELECT count(*) FROM " + table + " WHERE id IN (" + last + ")";
    int partitions = last.split(",").length;
    await(() -> Tables.number(session, complete) == partitions, alive, 5);
    long end = Clock.micros();
    cpu.mark();
    requireSame(table);
    add(contestant, round, (end - watch.micros()) / 1e6, cpu, ProcessMeter.peakMebibytes(pid));
  }

  private static void await(BooleanSupplier done, Runnable alive, long stepMillis) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
    for (int step = 1; !done.getAsBoolean(); step++) {
      if (step % 200 == 0) {
        alive.run();
      }
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException("the target is not filled in time");
      }
      Clock.pause(stepMillis);
    }
  }

  private void add(String contestant, int round, double seconds, CpuSeries cpu, double peak) {
    report.add(
        new Measurement(
            "replay.postgres",
            contestant,
            round,
            options.rows(),
            seconds,
            Map.of(),
            cpu.used(),
            peak));
  }

  private void requireSame(String table) {
    long count = Tables.number(session, "SELECT count(*) FROM " + table);
    if (count != options.rows() || checksum(session, table) != checksum) {
      throw new BenchmarkException(
          "table %s has %d rows of %d, or others than the source"
              .formatted(table, count, options.rows()));
    }
  }

  private static long checksum(Connection connection, String table) {
    return Tables.number(connection, "SELECT sum(hashtext(t::text)) FROM " + table + " t");
  }

  private void settle() {
    Tables.execute(session, "CHECKPOINT");
    lab.settle();
  }

  private SourceWatch watch() {
    // Rows may come by way of a temporary table.
    String names = "\\w*(" + RebuildBenchmark.TABLE + "|headwater_rows)[\\w-]*";
    return new SourceWatch(session(), SourceWatch.FIRST_WRITE.formatted(Clock.micros(), names));
  }

  private Connection session() {
    Connection connection = Servers.connect(target);
    Tables.execute(connection, "SET application_name = 'benchmark'", "SET TimeZone = 'UTC'");
    return connection;
  }

  /** The ids of the last record of each partition, for an IN list. */
  private String lastRows(String topic) {
    Map<Integer, Integer> last = new TreeMap<>();
    lab.topics.read(topic, record -> last.put(record.partition(), Keys.number(record.key())));
    return String.join(", ", last.values().stream().map(String::valueOf).toList());
  }

  private static byte[] copyText(Connection source) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      source
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyOut("COPY " + RebuildBenchmark.TABLE + " TO STDOUT", text);
    } catch (SQLException | IOException e) {
      throw new BenchmarkException("COPY failed", e);
    }
    return text.toByteArray();
  }

  /** The peer's own topic of the same rows, as its source writes them at its best. */
  private void fillPeerTopic() {
    lab.topics.create(PEER_TOPIC, 1);
    Connect connect = lab.connect(true);
    connect.create("peer", lab.debezium("peer", RebuildBenchmark.TABLE, true));
    RebuildBenchmark.awaitRows(
        lab, PEER_TOPIC, options.rows(), () -> connect.requireRunning("peer"));
    connect.delete("peer");
    Progress.say("the peer's topic holds the same rows");
  }

  /**
   * The schemas of the peer's records, once: with them in the sink's configuration (schema.content)
   * each record needs none, which is how the peer is fastest.
   */
  private JsonNode sample() {
    String table = "one_row";
    String topic = "sample.public." + table;
    Tables.events(lab.source, table, 1);
    lab.topics.create(topic, 1);
    Connect connect = lab.connect(true);
    Map<String, String> config = lab.debezium("sample", table, true);
    config.put("key.converter", "org.apache.kafka.connect.json.JsonConverter");
    config.put("value.converter", "org.apache.kafka.connect.json.JsonConverter");
    config.put("key.converter.schemas.enable", "true");
    config.put("value.converter.schemas.enable", "true");
    connect.create("sample", config);
    RebuildBenchmark.awaitRows(lab, topic, 1, () -> connect.requireRunning("sample"));
    connect.delete("sample");
    var schemas = JSON.createObjectNode();
    lab.topics.read(
        topic,
        record -> {
          try {
            schemas.set("key", JSON.readTree(record.key()).path("schema"));
            schemas.set("value", JSON.readTree(record.value()).path("schema"));
          } catch (IOException e) {
            throw new BenchmarkException("the peer's record is no JSON", e);
          }
        });
    lab.cleanUp("sample", "sample", topic);
    return schemas;
  }
}

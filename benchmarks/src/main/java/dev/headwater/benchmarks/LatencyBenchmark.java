package dev.headwater.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * How long after its commit a row can be read from the log, at 500 transactions of one row a
 * second. PostgreSQL's own commit time ({@code track_commit_timestamp}) is compared with the time
 * at which a {@code read_committed} consumer has the record: one clock, the same for all.
 */
final class LatencyBenchmark implements Benchmark {
  private static final int PER_SECOND = 500;
  private static final int WARM_UP_SECONDS = 10;
  private static final int SECONDS = 20;
  private static final int ROWS = (WARM_UP_SECONDS + SECONDS) * PER_SECOND;
  private static final long PATIENCE_SECONDS = 60;

  @Override
  public void run(Lab lab, Options options, Report report) {
    for (int round = 1; round <= options.rounds(); round++) {
      headwater(lab, options, report, round);
      peer(lab, report, round, true);
      if (options.withDefaults()) {
        peer(lab, report, round, false);
      }
    }
    for (String percentile : new String[] {"p50", "p99"}) {
      String value = percentile + "_ms";
      report.ratio("latency." + percentile, "latency", "headwater", "connect tuned", value);
      report.ratio(
          "latency." + percentile + ".over_default",
          "latency",
          "headwater",
          "connect default",
          value);
    }
  }

  private static void headwater(Lab lab, Options options, Report report, int round) {
    String name = "hl_" + round;
    Tables.events(lab.source, name, 0);
    String topic = name + ".public." + name;
    lab.topics.create(topic, 1);
    try (Headwater process =
        Headwater.start(
            lab.root,
            lab.work,
            name,
            lab.yaml(name, name, "", ""),
            options.headwaterJvm(),
            "capture",
            name)) {
      awaitActive(lab, "headwater_" + name, process::requireAlive);
      measure(lab, report, "headwater", round, name, topic, process.pid());
    }
    lab.cleanUp("headwater_" + name, "headwater_" + name, topic);
  }

  private static void peer(Lab lab, Report report, int round, boolean tuned) {
    String name = (tuned ? "clt_" : "cld_") + round;
    Tables.events(lab.source, name, 0);
    String topic = name + ".public." + name;
    lab.topics.create(topic, 1);
    Connect connect = lab.connect(tuned);
    connect.create(name, lab.debezium(name, name, tuned));
    try {
      awaitActive(lab, name, () -> connect.requireRunning(name));
      measure(
          lab,
          report,
          tuned ? "connect tuned" : "connect default",
          round,
          name,
          topic,
          connect.pid());
    } finally {
      connect.delete(name);
    }
    lab.cleanUp(name, name, topic);
  }

  private static void awaitActive(Lab lab, String slot, Runnable alive) {
    String sql =
        "SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = '" + slot + "'";
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (Tables.number(lab.source, sql) == 0) {
      alive.run();
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException("slot " + slot + " is not read");
      }
      Clock.pause(100);
    }
  }

  private static void measure(
      Lab lab, Report report, String contestant, int round, String table, String topic, long pid) {
    Map<String, Long> pids = lab.pids("capture", pid);
    long[] arrivals = new long[ROWS + 1];
    Thread writer = new Thread(() -> write(lab, table), "writer");
    try (KafkaConsumer<byte[], byte[]> consumer = lab.topics.consumer()) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      consumer.position(partition);
      CpuSeries cpu = new CpuSeries(pids);
      writer.start();
      int seen = 0;
      long deadline =
          System.nanoTime()
              + TimeUnit.SECONDS.toNanos(WARM_UP_SECONDS + SECONDS + PATIENCE_SECONDS);
      while (seen < ROWS) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          int id = Keys.number(record.key());
          if (arrivals[id] == 0) {
            arrivals[id] = Clock.micros();
            seen++;
          }
        }
        if (System.nanoTime() > deadline) {
          throw new BenchmarkException(topic + " has " + seen + " of " + ROWS + " rows");
        }
      }
      cpu.mark();
      writer.join();
      report.add(result(lab, contestant, round, table, arrivals, cpu, pid));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }

  private static void write(Lab lab, String table) {
    try (Connection connection = lab.session();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO "
                    + table
                    + " SELECT "
                    + Tables.eventColumns("i.id")
                    + " FROM (SELECT ?::bigint AS id) i")) {
      long start = System.nanoTime();
      for (int id = 1; id <= ROWS; id++) {
        LockSupport.parkNanos(
            start + id * TimeUnit.SECONDS.toNanos(1) / PER_SECOND - System.nanoTime());
        insert.setLong(1, id);
        insert.executeUpdate();
      }
    } catch (SQLException e) {
      throw new BenchmarkException("rows cannot be written", e);
    }
  }

  private static Measurement result(
      Lab lab,
      String contestant,
      int round,
      String table,
      long[] arrivals,
      CpuSeries cpu,
      long pid) {
    int first = WARM_UP_SECONDS * PER_SECOND;
    double[] millis = new double[ROWS - first];
    try (Statement statement = lab.source.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint"
                    + " FROM "
                    + table
                    + " WHERE id > "
                    + first
                    + " ORDER BY id")) {
      for (int i = 0; rows.next(); i++) {
        millis[i] = (arrivals[rows.getInt(1)] - rows.getLong(2)) / 1e3;
      }
    } catch (SQLException e) {
      throw new BenchmarkException("commit times cannot be read", e);
    }
    Arrays.sort(millis);
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("p50_ms", millis[millis.length / 2]);
    values.put("p95_ms", millis[millis.length * 95 / 100]);
    values.put("p99_ms", millis[millis.length * 99 / 100]);
    values.put("max_ms", millis[millis.length - 1]);
    return new Measurement(
        "latency",
        contestant,
        round,
        ROWS,
        WARM_UP_SECONDS + SECONDS,
        values,
        cpu.used(),
        ProcessMeter.peakMebibytes(pid));
  }
}

package dev.headwater.benchmarks;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * The load of a table. The interval begins with the first statement that reads the table, and ends
 * when the last row can be read by {@code read_committed} consumers.
 *
 * <p>Both sides are one process for all rounds, cold in the first and warm after it, and end with
 * the table: Kafka Connect gets one more connector each round; Headwater's capture loads the table
 * at its start, and again when it is told to. The contestant "cold" is a process of Headwater made
 * for each round.
 */
final class SnapshotBenchmark implements Benchmark {
  private static final long MAX_SECONDS = 300;

  @Override
  public void run(Lab lab, Options options, Report report) {
    long begun = System.nanoTime();
    if (options.wants("narrow")) {
      Tables.narrow(lab.source, "narrow", options.rows());
      rounds(new TableRuns(lab, options, report, "narrow", options.rows()), options, begun);
    }
    if (options.wants("wide")) {
      long rows = Math.max(1, options.rows() / 2);
      Tables.wide(lab.source, "wide", rows);
      rounds(new TableRuns(lab, options, report, "wide", rows), options, begun);
    }
    List<String> tests = List.of("snapshot.narrow", "snapshot.wide");
    String tuned = "connect tuned";
    for (String test : tests) {
      report.ratio(test + "_cold", test, "headwater cold", tuned, "rate");
      report.ratio(test + "_over_default", test, "headwater defaults", "connect default", "rate");
      report.ratio(test + "_cpu", test, "headwater 1 partition", tuned, "cpu.capture");
      // By default a topic has one partition: two processes that do the same.
      report.ratio(test + "_control", test, "headwater 1 partition", "headwater defaults", "rate");
    }
    for (String test : tests) {
      report.ratio(test, test, "headwater 1 partition", tuned, "rate");
      report.ratio(test + "_defaults", test, "headwater defaults", tuned, "rate");
    }
  }

  /**
   * One table after the other: contestants that wait take a part of the machine from the one that
   * is measured, so only one table's are there.
   */
  private static void rounds(TableRuns table, Options options, long begun) {
    long start = System.nanoTime();
    try (table) {
      for (int round = 1; round <= options.rounds(); round++) {
        table.round(round);
        long perRound = (System.nanoTime() - start) / round;
        if (round < options.rounds() && options.endsBefore(begun, perRound)) {
          Progress.say("another round would take too long");
          break;
        }
      }
    }
  }

  /** All contestants of one table. */
  private static final class TableRuns implements AutoCloseable {
    private final Lab lab;
    private final Options options;
    private final Report report;
    private final String table;
    private final long rows;
    private final Map<String, Headwater> running = new LinkedHashMap<>();

    TableRuns(Lab lab, Options options, Report report, String table, long rows) {
      this.lab = lab;
      this.options = options;
      this.report = report;
      this.table = table;
      this.rows = rows;
    }

    void round(int round) {
      headwater("headwater 1 partition", round, "hn_" + table, 1);
      peer("connect tuned", round, true);
      headwater("headwater defaults", round, "hd_" + table, 0);
      if (options.wants("cold")) {
        cold(round);
      }
      if (options.withDefaults()) {
        peer("connect default", round, false);
      }
    }

    /** A process that stays: its first load, then the same table again. */
    private void headwater(String contestant, int round, String name, int partitions) {
      lab.settle();
      String topic = topic(name);
      Map<TopicPartition, Long> before = lab.topics.ends(topic);
      try (SourceWatch watch = watch()) {
        Headwater known = running.get(name);
        if (known == null) {
          running.put(name, start(name, partitions));
        } else {
          known.run("snapshot", name, "--tables", "public." + table, "--no-wait");
        }
        Headwater process = running.get(name);
        measure(contestant, round, topic, before, watch, process.pid(), process::requireAlive);
      }
    }

    private void cold(int round) {
      String name = "hc_" + table + "_" + round;
      lab.settle();
      try (SourceWatch watch = watch();
          Headwater process = start(name, 1)) {
        measure(
            "headwater cold",
            round,
            topic(name),
            Map.of(),
            watch,
            process.pid(),
            process::requireAlive);
      }
      lab.cleanUp("headwater_" + name, "headwater_" + name, topic(name));
    }

    private Headwater start(String name, int partitions) {
      String log = partitions > 0 ? "  partitions: " + partitions : "";
      String yaml = lab.yaml(name, table, "", log);
      return Headwater.start(
          lab.root, lab.work, name, yaml, options.headwaterJvm(), "capture", name);
    }

    private void peer(String contestant, int round, boolean tuned) {
      String name = (tuned ? "ct" : "cd") + "_" + table + "_" + round;
      Connect connect = lab.connect(tuned);
      lab.topics.create(topic(name), 1);
      lab.settle();
      try (SourceWatch watch = watch()) {
        connect.create(name, lab.debezium(name, table, tuned));
        measure(
            contestant,
            round,
            topic(name),
            Map.of(),
            watch,
            connect.pid(),
            () -> connect.requireRunning(name));
      } finally {
        connect.delete(name);
      }
      lab.cleanUp(name, name, topic(name));
    }

    private String topic(String name) {
      return name + ".public." + table;
    }

    private SourceWatch watch() {
      return new SourceWatch(
          lab.session(), SourceWatch.FIRST_STATEMENT.formatted(Clock.micros(), table));
    }

    private void measure(
        String contestant,
        int round,
        String topic,
        Map<TopicPartition, Long> before,
        SourceWatch watch,
        long pid,
        Runnable alive) {
      Map<String, Long> pids = lab.pids("capture", pid);
      Arrival arrival = new Arrival();
      arrival.await(
          lab.topics,
          topic,
          before.values().stream().mapToLong(Long::longValue).sum(),
          rows,
          MAX_SECONDS,
          alive,
          () -> watch.micros() > 0 ? new CpuSeries(pids) : null);
      BitSet seen = new BitSet();
      long count = lab.topics.read(topic, before, record -> seen.set(Keys.number(record.key())));
      if (count != rows || seen.cardinality() != rows) {
        throw new BenchmarkException(
            "%s: %d records of %d rows for %d rows of the source"
                .formatted(topic, count, seen.cardinality(), rows));
      }
      // Where the watch was kept waiting by a busy machine, the first record came before its
      // answer.
      long begun = Math.min(watch.micros(), arrival.firstMicros());
      report.add(
          new Measurement(
              "snapshot." + table,
              contestant,
              round,
              rows,
              (arrival.lastMicros() - begun) / 1e6,
              Map.of("append_seconds", (arrival.lastMicros() - arrival.firstMicros()) / 1e6),
              arrival.cpu().used(),
              ProcessMeter.peakMebibytes(pid)));
    }

    @Override
    public void close() {
      running.values().forEach(Headwater::close);
      running
          .keySet()
          .forEach(name -> lab.cleanUp("headwater_" + name, "headwater_" + name, topic(name)));
      lab.endConnects();
    }
  }
}

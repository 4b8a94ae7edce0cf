package dev.headwater.benchmarks;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The first load of a table. The interval begins with the first statement that reads the table, and
 * ends when the last row can be read by {@code read_committed} consumers.
 */
final class SnapshotBenchmark implements Benchmark {
  private static final long MAX_SECONDS = 300;

  @Override
  public void run(Lab lab, Options options, Report report) {
    long narrow = options.rows();
    long wide = Math.max(1, options.rows() / 2);
    if (options.wants("narrow")) {
      Tables.narrow(lab.source, "narrow", narrow);
    }
    if (options.wants("wide")) {
      Tables.wide(lab.source, "wide", wide);
    }
    Progress.say("tables are made");
    for (int round = 1; round <= options.rounds(); round++) {
      if (options.wants("narrow")) {
        Run run = new Run(lab, options, report, "narrow", narrow, round);
        run.headwater("headwater 1 partition", 1, "hn");
        run.peer("connect tuned", true);
        run.headwater("headwater defaults", 0, "hd");
        run.headwater("headwater 1 partition again", 1, "ha");
        if (options.withDefaults()) {
          run.peer("connect default", false);
        }
      }
      if (options.wants("wide")) {
        Run run = new Run(lab, options, report, "wide", wide, round);
        run.headwater("headwater 1 partition", 1, "hn");
        run.peer("connect tuned", true);
        run.headwater("headwater defaults", 0, "hd");
        if (options.withDefaults()) {
          run.peer("connect default", false);
        }
      }
    }
    for (String table : new String[] {"narrow", "wide"}) {
      String test = "snapshot." + table;
      report.ratio(test, test, "headwater 1 partition", "connect tuned", "rate");
      report.ratio(test + ".defaults", test, "headwater defaults", "connect tuned", "rate");
      report.ratio(test + ".over_default", test, "headwater defaults", "connect default", "rate");
      report.ratio(
          test + ".control", test, "headwater 1 partition", "headwater 1 partition again", "rate");
    }
  }

  /** All contestants of one table in one round. */
  private record Run(Lab lab, Options options, Report report, String table, long rows, int round) {

    void headwater(String contestant, int partitions, String prefix) {
      String name = prefix + "_" + table + "_" + round;
      String topic = name + ".public." + table;
      String log = partitions > 0 ? "  partitions: " + partitions : "";
      lab.settle();
      try (SourceWatch watch = watch();
          Headwater process =
              Headwater.start(
                  lab.root,
                  lab.work,
                  name,
                  lab.yaml(name, table, "", log),
                  options.headwaterJvm(),
                  "capture",
                  name)) {
        measure(contestant, topic, watch, process.pid(), process::requireAlive);
      }
      lab.cleanUp("headwater_" + name, "headwater_" + name, topic);
    }

    void peer(String contestant, boolean tuned) {
      String name = (tuned ? "ct" : "cd") + "_" + table + "_" + round;
      String topic = name + ".public." + table;
      Connect connect = lab.connect(tuned);
      lab.topics.create(topic, 1);
      lab.settle();
      try (SourceWatch watch = watch()) {
        connect.create(name, lab.debezium(name, table, tuned));
        measure(contestant, topic, watch, connect.pid(), () -> connect.requireRunning(name));
      } finally {
        connect.delete(name);
      }
      lab.cleanUp(name, name, topic);
    }

    private SourceWatch watch() {
      return new SourceWatch(
          lab.session(), SourceWatch.FIRST_STATEMENT.formatted(Clock.micros(), table));
    }

    private void measure(
        String contestant, String topic, SourceWatch watch, long pid, Runnable alive) {
      Map<String, Long> pids = new LinkedHashMap<>();
      pids.put("capture", pid);
      pids.putAll(lab.servers.pids());
      Arrival arrival = new Arrival();
      arrival.await(
          lab.topics,
          topic,
          rows,
          MAX_SECONDS,
          alive,
          () -> watch.micros() > 0 ? new CpuSeries(pids) : null);
      BitSet seen = new BitSet();
      long count =
          lab.topics.read(
              topic,
              record -> {
                seen.set(Keys.number(record.key()));
              });
      if (count != rows || seen.cardinality() != rows) {
        throw new BenchmarkException(
            "%s: %d records of %d rows for %d rows of the source"
                .formatted(topic, count, seen.cardinality(), rows));
      }
      // Where the watch was kept waiting by a busy machine, the first record came before its
      // answer.
      long begun = Math.min(watch.micros(), arrival.firstMicros());
      double whole = (arrival.lastMicros() - begun) / 1e6;
      double appended = (arrival.lastMicros() - arrival.firstMicros()) / 1e6;
      report.add(
          new Measurement(
              "snapshot." + table,
              contestant,
              round,
              rows,
              whole,
              Map.of("append_seconds", appended),
              arrival.cpu().used(),
              ProcessMeter.peakMebibytes(pid)));
    }
  }
}

package dev.headwater.benchmarks;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A backlog of changes that waits in the write-ahead log. Every run has a slot of its own from
 * before the backlog, so all read the same WAL. The interval begins when the slot is read and ends
 * when the last change can be read by {@code read_committed} consumers.
 */
final class StreamBenchmark implements Benchmark {
  private static final String TABLE = "ev";
  private static final String PUBLICATION = "peers_stream";
  private static final long MAX_SECONDS = 400;

  @Override
  public void run(Lab lab, Options options, Report report) {
    long changes = options.rows();
    long seed = Math.max(1_000, changes / 2);
    Tables.events(lab.source, TABLE, seed);
    List<String> ours =
        IntStream.rangeClosed(1, options.rounds())
            .boxed()
            .flatMap(round -> List.of("hs_" + round, "hz_" + round).stream())
            .toList();
    load(lab, options, ours, seed);
    Tables.execute(
        lab.source,
        "CREATE PUBLICATION " + PUBLICATION + " FOR TABLE " + TABLE,
        "SELECT pg_create_logical_replication_slot('base', 'pgoutput')");
    long deletes = Tables.backlog(lab.source, TABLE, seed, changes);
    Progress.say("a backlog of " + changes + " changes, " + deletes + " of them deletes");
    for (int round = 1; round <= options.rounds(); round++) {
      headwater(lab, options, report, "headwater", "hs_" + round, round, seed, changes);
      peer(lab, report, "connect tuned", round, true, changes, deletes);
      headwater(lab, options, report, "headwater again", "hz_" + round, round, seed, changes);
      if (options.withDefaults()) {
        peer(lab, report, "connect default", round, false, changes, deletes);
      }
    }
    report.ratio("stream", "stream", "headwater", "connect tuned", "rate");
    report.ratio("stream.cpu", "stream", "headwater", "connect tuned", "cpu.capture");
    report.ratio("stream.over_default", "stream", "headwater", "connect default", "rate");
    report.ratio("stream.control", "stream", "headwater", "headwater again", "rate");
  }

  /**
   * Lets every connector of ours load the table and make its slot, in one process that is ended.
   */
  private static void load(Lab lab, Options options, List<String> names, long seed) {
    String yaml =
        "version: 1\nlog:\n  bootstrap_servers: "
            + lab.kafka.bootstrapServers()
            + "\nconnectors:\n"
            + names.stream()
                .map(name -> lab.connectorYaml(name, TABLE, ""))
                .collect(Collectors.joining());
    try (Headwater process =
        Headwater.start(lab.root, lab.work, "load", yaml, options.headwaterJvm(), "run")) {
      long deadline = System.nanoTime() + MAX_SECONDS * 1_000_000_000;
      for (String name : names) {
        while (lab.topics.end(name + ".public." + TABLE, true) < seed
            || Tables.number(
                    lab.source,
                    "SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name ="
                        + " 'headwater_"
                        + name
                        + "'")
                == 0) {
          process.requireAlive();
          if (System.nanoTime() > deadline) {
            throw new BenchmarkException("the seed rows are not loaded in time");
          }
          Clock.pause(100);
        }
      }
    }
    Progress.say("seed rows are loaded, slots are made: " + names);
  }

  private static void headwater(
      Lab lab,
      Options options,
      Report report,
      String contestant,
      String name,
      int round,
      long seed,
      long changes) {
    String topic = name + ".public." + TABLE;
    lab.settle();
    try (SourceWatch watch =
            new SourceWatch(lab.session(), SourceWatch.SLOT_READ.formatted("headwater_" + name));
        Headwater process =
            Headwater.start(
                lab.root,
                lab.work,
                name,
                lab.yaml(name, TABLE, "", ""),
                options.headwaterJvm(),
                "capture",
                name)) {
      measure(
          lab,
          report,
          contestant,
          round,
          topic,
          watch,
          process.pid(),
          process::requireAlive,
          changes,
          seed,
          changes);
    }
    lab.cleanUp("headwater_" + name, "headwater_" + name, topic);
  }

  private static void peer(
      Lab lab,
      Report report,
      String contestant,
      int round,
      boolean tuned,
      long changes,
      long deletes) {
    String name = (tuned ? "cst_" : "csd_") + round;
    String topic = name + ".public." + TABLE;
    Connect connect = lab.connect(tuned);
    Tables.execute(lab.source, "SELECT pg_copy_logical_replication_slot('base', '" + name + "')");
    Map<String, String> config = lab.debezium(name, TABLE, tuned);
    config.put("snapshot.mode", "no_data");
    config.put("publication.name", PUBLICATION);
    config.put("publication.autocreate.mode", "disabled");
    lab.topics.create(topic, 1);
    lab.settle();
    try (SourceWatch watch =
        new SourceWatch(lab.session(), SourceWatch.SLOT_READ.formatted(name))) {
      connect.create(name, config);
      measure(
          lab,
          report,
          contestant,
          round,
          topic,
          watch,
          connect.pid(),
          () -> connect.requireRunning(name),
          changes,
          0,
          changes + deletes);
    } finally {
      connect.delete(name);
    }
    lab.cleanUp(name, "no_publication_of_its_own", topic);
  }

  private static void measure(
      Lab lab,
      Report report,
      String contestant,
      int round,
      String topic,
      SourceWatch watch,
      long pid,
      Runnable alive,
      long changes,
      long before,
      long expected) {
    Map<String, Long> pids = lab.pids("capture", pid);
    Arrival arrival = new Arrival();
    arrival.await(
        lab.topics,
        topic,
        Math.max(0, lab.topics.end(topic, true)),
        expected,
        MAX_SECONDS,
        alive,
        () -> watch.micros() > 0 ? new CpuSeries(pids) : null);
    long count = lab.topics.read(topic, record -> {}) - before;
    if (count != expected) {
      throw new BenchmarkException(topic + ": " + count + " records, expected " + expected);
    }
    long begun = Math.min(watch.micros(), arrival.firstMicros());
    report.add(
        new Measurement(
            "stream",
            contestant,
            round,
            changes,
            (arrival.lastMicros() - begun) / 1e6,
            Map.of("append_seconds", (arrival.lastMicros() - arrival.firstMicros()) / 1e6),
            arrival.cpu().used(),
            ProcessMeter.peakMebibytes(pid)));
  }
}

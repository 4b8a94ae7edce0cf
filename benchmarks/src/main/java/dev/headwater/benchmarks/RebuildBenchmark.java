package dev.headwater.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A sink filled from the log's first offset, beside the target's own limit and the peer's sink. The
 * table is the same for all; each target says in its class when its interval begins and ends.
 */
final class RebuildBenchmark implements Benchmark {
  static final String TABLE = "src8";
  static final String CONNECTOR = "log";
  static final String TOPIC = CONNECTOR + ".public." + TABLE;

  @Override
  public void run(Lab lab, Options options, Report report) {
    Tables.events(lab.source, TABLE, options.rows());
    fill(lab, options);
    RedisReplay redis = options.wants("redis") ? new RedisReplay(lab, options, report) : null;
    PostgresReplay postgres =
        options.wants("postgres") ? new PostgresReplay(lab, options, report) : null;
    OpenSearchReplay openSearch =
        options.wants("opensearch") ? new OpenSearchReplay(lab, options, report) : null;
    for (int round = 1; round <= options.rounds(); round++) {
      readOnly(lab, options, report, round);
      if (postgres != null) {
        postgres.round(round);
      }
      if (redis != null) {
        redis.round(round);
      }
      if (openSearch != null) {
        openSearch.round(round);
      }
    }
    report.ratio("replay.postgres", "replay.postgres", "headwater", "jdbc sink tuned", "rate");
    report.ratio("replay.postgres.over_copy", "replay.postgres", "headwater", "copy", "rate");
    report.ratio("replay.redis", "replay.redis", "headwater", "redis-benchmark", "rate");
    report.ratio("replay.opensearch", "replay.opensearch", "headwater", "bulk alone", "rate");
    report.ratio("replay.control", "replay.read", "consumer", "consumer again", "rate");
  }

  /** Lets Headwater load the table into the log, which all sinks of ours then read. */
  private static void fill(Lab lab, Options options) {
    try (Headwater capture =
        Headwater.start(
            lab.root,
            lab.work,
            "fill",
            lab.yaml(CONNECTOR, TABLE, "", ""),
            options.headwaterJvm(),
            "capture",
            CONNECTOR)) {
      awaitRows(lab, TOPIC, options.rows(), capture::requireAlive);
    }
    Progress.say("the log holds " + options.rows() + " rows");
  }

  /** Runs both, ours first in the first round and last in the second, and so on. */
  static void alternating(int round, Runnable ours, Runnable others) {
    if (round % 2 == 1) {
      ours.run();
      others.run();
    } else {
      others.run();
      ours.run();
    }
  }

  static void awaitRows(Lab lab, String topic, long rows, Runnable alive) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
    while (lab.topics.end(topic, true) < rows) {
      alive.run();
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException(topic + " is not filled in time");
      }
      Clock.pause(200);
    }
    Clock.pause(1_000); // its last commit has been answered
  }

  private static void readOnly(Lab lab, Options options, Report report, int round) {
    for (String contestant : List.of("consumer", "consumer again")) {
      CpuSeries cpu = new CpuSeries(lab.servers.pids());
      long start = System.nanoTime();
      long count = lab.topics.read(TOPIC, record -> {});
      double seconds = (System.nanoTime() - start) / 1e9;
      cpu.mark();
      if (count != options.rows()) {
        throw new BenchmarkException("the log has " + count + " records");
      }
      report.add(
          new Measurement(
              "replay.read",
              contestant,
              round,
              count,
              seconds,
              java.util.Map.of(),
              cpu.used(),
              ProcessMeter.peakMebibytes(ProcessHandle.current().pid())));
    }
  }
}

package dev.headwater.benchmarks;

import java.util.List;
import java.util.function.BiFunction;

/**
 * Rebuild, switch and rollback while rows change and readers never pause, for each kind of sink, by
 * the commands a user has. It fails if a reader sees an error, fewer rows or a version that went
 * backward, or if sink, log and source differ at the end.
 */
final class SwitchBenchmark implements Benchmark {
  static final String TABLE = "live";
  static final String CONNECTOR = "log";
  static final String TOPIC = CONNECTOR + ".public." + TABLE;
  private static final String PARTITIONS = "  partitions: {\"" + TOPIC + "\": 4}";
  private static final int FEWEST_ROWS = 1_000;
  private static final List<Kind> KINDS =
      List.of(
          new Kind("postgres", PostgresSwitch::new),
          new Kind("redis", RedisSwitch::pointed),
          new Kind("redis-in-place", RedisSwitch::inPlace),
          new Kind("opensearch", OpenSearchSwitch::new));

  private record Kind(String name, BiFunction<Lab, Long, SwitchTarget> start) {}

  @Override
  public void run(Lab lab, Options options, Report report) {
    if (options.rows() < FEWEST_ROWS) {
      throw new BenchmarkException("switch needs " + FEWEST_ROWS + " rows at least");
    }
    Tables.versioned(lab.source, TABLE, options.rows());
    String yaml = lab.yaml(CONNECTOR, TABLE, "", PARTITIONS);
    try (Headwater capture =
        Headwater.start(
            lab.root, lab.work, "capture", yaml, options.headwaterJvm(), "capture", CONNECTOR)) {
      RebuildBenchmark.awaitRows(lab, TOPIC, options.rows(), capture::requireAlive);
      Progress.say("the log holds " + options.rows() + " rows");
      for (Kind kind : KINDS) {
        if (options.wants(kind.name())) {
          try (SwitchTarget target = kind.start().apply(lab, options.rows())) {
            new SwitchRun(lab, options, report, target, capture).run(yaml);
          }
        }
      }
    }
  }
}

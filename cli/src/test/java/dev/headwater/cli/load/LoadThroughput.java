package dev.headwater.cli.load;

import com.sun.management.OperatingSystemMXBean;
import dev.headwater.capture.CaptureConfig;
import dev.headwater.devservices.SharedServices;
import dev.headwater.snapshot.SnapshotConfig;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;

/**
 * Measures loads from COPY to a committed log, the processor time of this process and of the broker
 * beside the rate: run {@link #main} by hand. A program and not a test, since no time is right for
 * every machine.
 */
public final class LoadThroughput {
  private LoadThroughput() {}

  /** Arguments: {@code narrow}, {@code wide} or {@code many}, rows (or tables), rounds. */
  public static void main(String[] args) throws Exception {
    String kind = args[0];
    int rows = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    String url = OddTablesIT.create("throughput");
    switch (kind) {
      case "narrow" ->
          OddTablesIT.execute(
              url,
              "CREATE TABLE t (aid int PRIMARY KEY, bid int, abalance int, filler char(84))",
              "INSERT INTO t SELECT i, 1 + i / 100000, 0, '' FROM generate_series(1, "
                  + rows
                  + ") i",
              "VACUUM ANALYZE t");
      case "wide" ->
          OddTablesIT.execute(
              url,
              "CREATE TABLE t (id bigint PRIMARY KEY, n int, s smallint, a text, b text, c text,"
                  + " d varchar(200), e varchar(100), price numeric(12,2), rate numeric, f float8,"
                  + " created timestamptz, changed timestamptz, local timestamp, day date, doc jsonb,"
                  + " uid uuid, flag boolean, list int[], tags text[], note text)",
              "INSERT INTO t SELECT i, i * 7, i % 30000, md5(i::text), left(md5((i * 3)::text) || ' '"
                  + " || md5((i * 3)::text), 48), repeat(md5((i * 5)::text) || ' ', 3),"
                  + " left(repeat(md5((i * 7)::text) || ' ', 4), 120), left(repeat(md5((i * 11)::text)"
                  + " || ' ', 2), 60), (i % 100000) / 100.0, i / 7.0, sqrt(i),"
                  + " timestamptz '2024-01-01 00:00:00.123456+00' + i * interval '1.5 s',"
                  + " timestamptz '2025-01-01 00:00+00' + i * interval '1 s',"
                  + " timestamp '2024-06-01 12:00' + i * interval '1 min',"
                  + " date '2000-01-01' + (i % 9000)::int, jsonb_build_object('id', i, 'name',"
                  + " md5(i::text), 'ok', i % 2 = 0, 'list', jsonb_build_array(i, i + 1)),"
                  + " md5(i::text)::uuid, i % 2 = 0, ARRAY[i, i + 1, i + 2]::int[],"
                  + " ARRAY['red', 'green ' || i], CASE WHEN i % 5 > 0 THEN 'note ' || i END"
                  + " FROM generate_series(1, "
                  + rows
                  + ") i",
              "VACUUM ANALYZE t");
      default ->
          OddTablesIT.execute(
              url,
              "DO $$ BEGIN FOR i IN 1.."
                  + rows
                  + " LOOP EXECUTE format("
                  + "'CREATE TABLE t%s (id int PRIMARY KEY, v text);"
                  + " INSERT INTO t%s SELECT g, md5(g::text) FROM generate_series(1, 100) g',"
                  + " i, i); END LOOP; END $$");
    }
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int round = 1; round <= rounds; round++) {
      CaptureConfig config =
          LoadBench.config(
              kind + round, SharedServices.postgres().port(), "throughput", List.of("public.t*"));
      long cpu = system.getProcessCpuTime();
      long start = System.nanoTime();
      try (LoadBench bench =
          new LoadBench(config, SnapshotConfig.DEFAULT, OddTablesIT.brokers()).start()) {
        while (bench.engine.report().rows() == 0) {
          Thread.sleep(1);
        }
        long first = System.nanoTime();
        long firstCpu = system.getProcessCpuTime();
        double broker = brokerSeconds();
        double compiling = compilerSeconds();
        bench.awaitLoaded(Duration.ofMinutes(5));
        long loaded = bench.engine.report().rows();
        double seconds = (System.nanoTime() - first) / 1e9;
        System.out.printf(
            "%s round %d: %,d rows, first after %.2f s, then %.2f s, %,.0f rows/s, %.2f CPU s of ours"
                + " (start %.2f), compilers worked %.2f s, %.2f CPU s of the broker's%n",
            kind,
            round,
            loaded,
            (first - start) / 1e9,
            seconds,
            loaded / seconds,
            (system.getProcessCpuTime() - firstCpu) / 1e9,
            (firstCpu - cpu) / 1e9,
            compilerSeconds() - compiling,
            brokerSeconds() - broker);
      }
      OddTablesIT.execute(url, "SELECT pg_drop_replication_slot('headwater_" + kind + round + "')");
    }
    System.exit(0);
  }

  private static double compilerSeconds() {
    return ManagementFactory.getCompilationMXBean().getTotalCompilationTime() / 1e3;
  }

  private static double brokerSeconds() {
    return ProcessHandle.of(SharedServices.kafka().pid())
        .flatMap(process -> process.info().totalCpuDuration())
        .map(used -> used.toNanos() / 1e9)
        .orElse(Double.NaN);
  }
}

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
              "CREATE TABLE t (id bigint PRIMARY KEY, a int, b smallint, s1 text, s2 text, s3 text,"
                  + " s4 varchar(80), s5 varchar(200), n1 numeric(12,2), n2 numeric, f float8,"
                  + " ts1 timestamptz, ts2 timestamptz, ts timestamp, d date, j jsonb, u uuid,"
                  + " ok boolean, ia int[], ta text[], last text)",
              "INSERT INTO t SELECT i, i, i % 1000, repeat(md5(i::text), 2), md5(i::text),"
                  + " repeat('x', 60), 'name ' || i, repeat(md5(i::text), 4), i / 100.0, i * 1.5,"
                  + " i / 7.0, now(), now(), now(), now(), jsonb_build_object('i', i, 'k', 'value'),"
                  + " md5(i::text)::uuid, i % 2 = 0, ARRAY[i, i + 1], ARRAY['a', 'b' || i], 'end'"
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

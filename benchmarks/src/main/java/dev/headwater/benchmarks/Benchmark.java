package dev.headwater.benchmarks;

/** One thing that is measured, on the calling thread, into the report. */
interface Benchmark {
  void run(Lab lab, Options options, Report report);
}

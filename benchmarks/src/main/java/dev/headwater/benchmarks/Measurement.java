package dev.headwater.benchmarks;

import java.util.Map;

/**
 * One run of one contestant.
 *
 * @param test what was measured, such as {@code snapshot.narrow}
 * @param contestant who, with its setting
 * @param round which round, from 1
 * @param records how many rows or changes were counted at the destination
 * @param seconds how long the interval was that the benchmark defines
 * @param values more figures by name, such as milliseconds of a percentile
 * @param cpuSeconds CPU seconds in the interval, by process
 * @param peakMebibytes the most memory the contestant's process ever held
 */
record Measurement(
    String test,
    String contestant,
    int round,
    long records,
    double seconds,
    Map<String, Double> values,
    Map<String, Double> cpuSeconds,
    double peakMebibytes) {

  double rate() {
    return records / seconds;
  }

  /** A figure by name; {@code rate} is records per second, {@code cpu.x} the CPU seconds of x. */
  double value(String name) {
    if (name.startsWith("cpu.")) {
      return cpuSeconds.getOrDefault(name.substring(4), Double.NaN);
    }
    return name.equals("rate") ? rate() : values.getOrDefault(name, Double.NaN);
  }
}

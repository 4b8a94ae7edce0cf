package dev.headwater.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/** CPU seconds of several processes between two moments. On the benchmark's thread. */
final class CpuSeries {
  private static final String HARNESS = "harness";
  private static final String OTHERS = "others";

  private final Map<String, Long> pids;
  private final Map<String, Double> before;
  private Map<String, Double> last;

  CpuSeries(Map<String, Long> pids) {
    this.pids = new LinkedHashMap<>(pids);
    this.before = read();
    this.last = before;
  }

  /** Takes what has been used up to now for the end, until called again. */
  void mark() {
    last = read();
  }

  /** What each used; {@code others} is what the machine used for none of them. */
  Map<String, Double> used() {
    Map<String, Double> used = new LinkedHashMap<>();
    last.forEach((name, seconds) -> used.put(name, seconds - before.getOrDefault(name, 0.0)));
    double all = used.getOrDefault(OTHERS, 0.0);
    double ours = used.values().stream().mapToDouble(Double::doubleValue).sum() - all;
    used.put(OTHERS, Math.max(0, all - ours));
    return used;
  }

  private Map<String, Double> read() {
    Map<String, Double> now = new LinkedHashMap<>();
    pids.forEach((name, pid) -> now.put(name, ProcessMeter.cpuSeconds(pid)));
    now.put(HARNESS, ProcessMeter.ownCpuSeconds());
    now.put(OTHERS, ProcessMeter.machineCpuSeconds());
    return now;
  }
}

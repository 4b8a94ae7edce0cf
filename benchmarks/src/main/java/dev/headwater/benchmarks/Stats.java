package dev.headwater.benchmarks;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** Medians and spreads of a few figures. Stateless. */
final class Stats {
  private Stats() {}

  /** The middle one, or between the middle two; NaN of none. */
  static double median(List<Double> figures) {
    List<Double> sorted = figures.stream().filter(f -> !f.isNaN()).sorted().toList();
    int n = sorted.size();
    return n == 0 ? Double.NaN : (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
  }

  static double median(List<Measurement> runs, ToDoubleFunction<Measurement> of) {
    return median(runs.stream().map(of::applyAsDouble).toList());
  }

  static double min(List<Measurement> runs, ToDoubleFunction<Measurement> of) {
    return runs.stream().mapToDouble(of).min().orElse(Double.NaN);
  }

  static double max(List<Measurement> runs, ToDoubleFunction<Measurement> of) {
    return runs.stream().mapToDouble(of).max().orElse(Double.NaN);
  }
}

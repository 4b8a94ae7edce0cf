package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** All measurements of a run, and what follows from them: medians, spreads, ratios. */
final class Report {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Measurement> measurements = new ArrayList<>();
  private final Map<String, Double> ratios = new LinkedHashMap<>();
  private final Map<String, String> texts = new LinkedHashMap<>();
  private final List<String> failures = new ArrayList<>();

  void add(Measurement measurement) {
    measurements.add(measurement);
    Progress.say(
        "%s, %s, round %d: %.2f s, %,.0f /s %s cpu %s peak %.0f MiB"
            .formatted(
                measurement.test(),
                measurement.contestant(),
                measurement.round(),
                measurement.seconds(),
                measurement.rate(),
                shown(measurement.values()),
                shown(measurement.cpuSeconds()),
                measurement.peakMebibytes()));
  }

  /** A table of its own, for a test whose figures are not those of contestants. */
  void text(String test, String table) {
    texts.put(test, table);
  }

  /** Something the run has shown to be wrong: the figures are printed, and the command fails. */
  void fail(String what) {
    failures.add(what);
    Progress.say("FAILED: " + what);
  }

  List<String> failures() {
    return List.copyOf(failures);
  }

  /** The median of one contestant's figure over that of another; nothing if one has not run. */
  void ratio(String name, String test, String ours, String theirs, String value) {
    double a = Stats.median(values(test, ours, value));
    double b = Stats.median(values(test, theirs, value));
    if (!Double.isNaN(a) && !Double.isNaN(b)) {
      ratios.put(name, a / b);
    }
  }

  /** A table: one line for each contestant of each test. */
  void printTable(PrintStream out) {
    String test = "";
    for (Map.Entry<List<String>, List<Measurement>> group : groups().entrySet()) {
      List<Measurement> runs = group.getValue();
      if (!test.equals(group.getKey().get(0))) {
        test = group.getKey().get(0);
        out.printf(
            "%n%s: %,d records, %d rounds, median [min .. max]%n",
            test, runs.get(0).records(), runs.size());
      }
      out.printf(
          Locale.ROOT,
          "  %-30s %,10.0f /s [%,.0f .. %,.0f]  CPU s %s  peak %,.0f MiB%s%n",
          group.getKey().get(1),
          Stats.median(runs, Measurement::rate),
          Stats.min(runs, Measurement::rate),
          Stats.max(runs, Measurement::rate),
          shown(medians(runs, Measurement::cpuSeconds)),
          Stats.max(runs, Measurement::peakMebibytes),
          runs.get(0).values().isEmpty() ? "" : "  " + shown(medians(runs, Measurement::values)));
    }
    texts.values().forEach(table -> out.printf("%n%s", table));
    out.println();
  }

  /** One line of JSON with every measurement and the ratios. */
  void printJson(PrintStream out) {
    List<Map<String, Object>> runs = new ArrayList<>();
    for (Measurement m : measurements) {
      Map<String, Object> run = new LinkedHashMap<>();
      run.put("test", m.test());
      run.put("contestant", m.contestant());
      run.put("round", m.round());
      run.put("records", m.records());
      run.put("seconds", m.seconds());
      run.put("rate", m.rate());
      run.put("values", m.values());
      run.put("cpu_seconds", m.cpuSeconds());
      run.put("peak_mib", m.peakMebibytes());
      runs.add(run);
    }
    out.println(
        JSON.valueToTree(
                Map.of("runs", runs, "ratios", ratios, "texts", texts, "failures", failures))
            .toString());
  }

  /** The last lines: one ratio each. */
  void printRatios(PrintStream out) {
    ratios.forEach((name, ratio) -> out.printf(Locale.ROOT, "ratio %s %.2f%n", name, ratio));
  }

  Map<List<String>, List<Measurement>> groups() {
    return measurements.stream()
        .collect(
            Collectors.groupingBy(
                m -> List.of(m.test(), m.contestant()), LinkedHashMap::new, Collectors.toList()))
        .entrySet()
        .stream()
        .sorted((a, b) -> a.getKey().get(0).compareTo(b.getKey().get(0)))
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
  }

  private List<Double> values(String test, String contestant, String value) {
    return measurements.stream()
        .filter(m -> m.test().equals(test) && m.contestant().equals(contestant))
        .map(m -> m.value(value))
        .toList();
  }

  private static Map<String, Double> medians(
      List<Measurement> runs, java.util.function.Function<Measurement, Map<String, Double>> of) {
    Set<String> names = new LinkedHashSet<>();
    runs.forEach(run -> names.addAll(of.apply(run).keySet()));
    Map<String, Double> medians = new LinkedHashMap<>();
    names.forEach(
        name ->
            medians.put(
                name, Stats.median(runs, run -> of.apply(run).getOrDefault(name, Double.NaN))));
    return medians;
  }

  private static String shown(Map<String, Double> figures) {
    return figures.entrySet().stream()
        .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue()))
        .collect(Collectors.joining(", "));
  }
}

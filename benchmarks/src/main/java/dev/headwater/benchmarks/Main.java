package dev.headwater.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code benchmarks/run NAME}: measures, and prints a table and then one line for each ratio. */
@Command(
    name = "benchmarks/run",
    mixinStandardHelpOptions = true,
    description = {
      "Measures Headwater and its peers, alternating in one run on the same servers.",
      "The last lines on stdout are 'ratio NAME NUMBER'.",
      "'switch' has no peer: it fails where a reader sees what he must not."
    },
    footer = {
      "",
      "Examples:",
      "  benchmarks/run snapshot",
      "  benchmarks/run snapshot --only narrow --rows 5000000 -o json",
      "  benchmarks/run switch --only redis"
    })
public final class Main implements Callable<Integer> {
  private static final Map<String, Benchmark> BENCHMARKS =
      Map.of(
          "snapshot", new SnapshotBenchmark(),
          "stream", new StreamBenchmark(),
          "latency", new LatencyBenchmark(),
          "rebuild", new RebuildBenchmark(),
          "switch", new SwitchBenchmark());

  /** How the answer is printed. */
  enum Format {
    text,
    json
  }

  @Parameters(paramLabel = "NAME", description = "snapshot, stream, latency, rebuild or switch.")
  private String name = "";

  @Option(names = "--rows", description = "Rows of the largest table (default ${DEFAULT-VALUE}).")
  private long rows = 1_000_000;

  @Option(names = "--rounds", description = "Runs of each contestant (default ${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(names = "--only", split = ",", description = "Only these parts, such as narrow or redis.")
  private List<String> only = List.of();

  @Option(names = "--no-defaults", description = "Leaves out the peer with its default settings.")
  private boolean noDefaults;

  @Option(
      names = "--headwater-jvm",
      description = "Options for Headwater's virtual machine (default: none).")
  private String headwaterJvm = "";

  @Option(
      names = "--minutes",
      description = "snapshot: no round begins that would end later (default ${DEFAULT-VALUE}).")
  private long minutes = 120;

  @Option(
      names = {"-o", "--output"},
      description = "text or json (default ${DEFAULT-VALUE}).")
  private Format output = Format.text;

  @Option(names = "--svg", description = "Writes bars of the rates into this file.")
  private @Nullable Path svg;

  private Main() {}

  /** Runs one benchmark and ends the process. */
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT);
    CommandLine line = new CommandLine(new Main());
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          if (!(failure instanceof BenchmarkException)) {
            throw failure;
          }
          System.err.println("error: " + failure.getMessage());
          return 1;
        });
    System.exit(line.execute(args));
  }

  @Override
  public Integer call() throws IOException {
    Benchmark benchmark = BENCHMARKS.get(name);
    if (benchmark == null) {
      System.err.println("error: no benchmark '" + name + "'; there are " + BENCHMARKS.keySet());
      return 2;
    }
    Options options = new Options(rows, rounds, only, !noDefaults, headwaterJvm, minutes);
    Report report = new Report();
    Path root = Path.of(System.getProperty("headwater.root", ".")).toAbsolutePath().normalize();
    try (Lab lab = new Lab(root, System.getProperty("headwater.peers", ""))) {
      benchmark.run(lab, options, report);
    }
    if (output == Format.json) {
      report.printJson(System.out);
    } else {
      report.printTable(System.out);
    }
    if (svg != null) {
      Files.writeString(svg, Bars.svg(report.groups()));
    }
    report.printRatios(System.out);
    System.out.flush();
    report.failures().forEach(failure -> System.err.println("error: " + failure));
    return report.failures().isEmpty() ? 0 : 1;
  }
}

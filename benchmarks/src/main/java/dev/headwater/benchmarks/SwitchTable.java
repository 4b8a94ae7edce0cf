package dev.headwater.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** The figures of one target of {@link SwitchBenchmark}, as they are printed. */
final class SwitchTable {
  private static final Pattern RETRY = Pattern.compile("failed and is tried again");

  private final String target;
  private final List<String> failures = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();

  SwitchTable(String target, long rows) {
    this.target = target;
    line("switch.%s: %,d rows, readers who never pause", target, rows);
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  void step(String step, double seconds, String note) {
    Progress.say("%s, %s: %.1f s, %s".formatted(target, step, seconds, note));
    line("  %-32s %8.1f s  %s", step, seconds, note);
  }

  void writes(long updates) {
    line(
        "  %-32s %8d    at %d/s aimed at, and a tenth as many inserts and deletes",
        "updates of rows that are read", updates, LiveWriter.UPDATES_PER_SECOND);
  }

  void sizes(TargetMeter.Size before, TargetMeter.Size peak, TargetMeter.Size after) {
    line("  the target, one generation       %s", before.text());
    line("  its peak                         %s", peak.text());
    line("  the old ones dropped             %s", after.text());
  }

  void peakOfWorker(double mebibytes) {
    line("  peak memory of the worker        %,.0f MiB", mebibytes);
  }

  /** Steps that the worker had to try again, and the locks that were not got in time. */
  void retries(String output, OptionalLong lockTimeouts) {
    line("  steps tried again                %d", RETRY.matcher(output).results().count());
    lockTimeouts.ifPresent(times -> line("  locks not got in time            %d", times));
  }

  void readers(List<ReadLog> logs, List<Long> switches) {
    line(
        "  %-38s %10s %6s %6s %8s %12s %8s %14s %8s",
        "reader (times in ms)",
        "reads",
        "errors",
        "fewer",
        "backward",
        "at a switch",
        "gap",
        "else, longest",
        "p99");
    for (ReadLog log : logs) {
      Pause pause = Pause.of(log, switches);
      line(
          "  %-38s %,10d %6d %6d %8d %12.1f %8.1f %14.1f %8.1f",
          log.kind(),
          log.count(),
          log.errors(),
          log.fewer(),
          log.backward(),
          pause.longestMs(),
          pause.gapMs(),
          pause.otherLongestMs(),
          pause.otherP99Ms());
      if (log.errors() + log.fewer() + log.backward() > 0) {
        failures.add(target + ": " + String.join("; ", log.examples()));
      }
      if (log.count() == 0) {
        failures.add(target + ": '" + log.kind() + "' never read");
      }
    }
  }

  List<String> failures() {
    return List.copyOf(failures);
  }

  String text() {
    return text.toString();
  }
}

package dev.headwater.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * CPU time and peak memory of processes, from Linux's {@code /proc}. Stateless; a process that is
 * gone counts nothing.
 */
final class ProcessMeter {
  private static final double TICKS_PER_SECOND = 100;
  private static final int USER_TICKS = 11;

  private ProcessMeter() {}

  /**
   * CPU seconds of a process and all it started: the living, and those it has waited for. Children
   * of a child that ended meanwhile are not missed, for Linux adds theirs to its own.
   */
  static double cpuSeconds(long pid) {
    double total = ticks(pid);
    try (Stream<ProcessHandle> children =
        ProcessHandle.of(pid).map(ProcessHandle::descendants).orElseGet(Stream::empty)) {
      total += children.mapToDouble(child -> ticks(child.pid())).sum();
    }
    return total / TICKS_PER_SECOND;
  }

  /** CPU seconds of this process alone, without its children. */
  static double ownCpuSeconds() {
    ProcessHandle self = ProcessHandle.current();
    return self.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }

  /** The most memory the process ever held, in MiB (VmHWM). */
  static double peakMebibytes(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException gone) {
      return 0;
    }
  }

  /** Of the machine: CPU seconds that were not idle since it started. */
  static double machineCpuSeconds() {
    try {
      String[] fields = Files.readString(Path.of("/proc/stat")).split("\n", 2)[0].split(" +");
      double busy = 0;
      for (int i = 1; i <= 8 && i < fields.length; i++) {
        boolean isIdle = i == 4 || i == 5;
        busy += isIdle ? 0 : Double.parseDouble(fields[i]);
      }
      return busy / TICKS_PER_SECOND;
    } catch (IOException e) {
      throw new BenchmarkException("/proc/stat cannot be read: the benchmarks need Linux", e);
    }
  }

  private static double ticks(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The name in brackets may hold blanks; the state follows it.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      double ticks = 0;
      for (int i = USER_TICKS; i < USER_TICKS + 4; i++) {
        ticks += Double.parseDouble(fields[i]); // its own, and of the children it waited for
      }
      return ticks;
    } catch (IOException gone) {
      return 0;
    }
  }
}

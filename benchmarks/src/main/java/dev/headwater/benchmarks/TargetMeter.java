package dev.headwater.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Watches a target's memory and disk from a thread of its own. Memory is what its processes hold,
 * pages that they share counted once (Pss).
 */
final class TargetMeter implements AutoCloseable {
  private static final long LOOK_MS = 1_000;
  private static final double MEBIBYTE = 1 << 20;

  private final SwitchTarget target;
  private final Thread thread = new Thread(this::run, "meter");
  private volatile boolean stopped;
  private volatile long peakMemory;
  private volatile long peakDisk;

  TargetMeter(SwitchTarget target) {
    this.target = target;
    thread.setDaemon(true);
    thread.start();
  }

  /** Memory and disk in MiB. */
  record Size(double memory, double disk) {
    String text() {
      return "memory %,.0f MiB, disk %,.0f MiB".formatted(memory, disk);
    }
  }

  /** By now. */
  Size now() {
    return new Size(memoryBytes() / MEBIBYTE, target.diskBytes() / MEBIBYTE);
  }

  /** The most of each so far. */
  Size peak() {
    return new Size(peakMemory / MEBIBYTE, peakDisk / MEBIBYTE);
  }

  private void run() {
    while (!stopped) {
      try {
        peakMemory = Math.max(peakMemory, memoryBytes());
        peakDisk = Math.max(peakDisk, target.diskBytes());
      } catch (BenchmarkException e) {
        Progress.say("the target could not be measured once: " + e.getMessage());
      }
      Clock.pause(LOOK_MS);
    }
  }

  private long memoryBytes() {
    LongStream children =
        ProcessHandle.of(target.pid())
            .map(ProcessHandle::descendants)
            .orElseGet(Stream::empty)
            .mapToLong(ProcessHandle::pid);
    return LongStream.concat(LongStream.of(target.pid()), children)
        .map(TargetMeter::sharedOnce)
        .sum();
  }

  private static long sharedOnce(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
      return lines
          .filter(line -> line.startsWith("Pss:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .sum();
    } catch (IOException | java.io.UncheckedIOException gone) {
      return 0;
    }
  }

  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.headwater.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One process of Headwater, started as its user starts it: {@code ./headwater COMMAND NAME -f
 * FILE}. A new one, hence a cold virtual machine, for each run.
 */
final class Headwater implements AutoCloseable {
  private final Process process;
  private final Path log;

  private Headwater(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts a command.
   *
   * @param root where the {@code headwater} script is
   * @param work where configuration and output go
   * @param name names both files
   * @param yaml the whole connectors.yaml
   * @param jvmOptions as in HEADWATER_OPTS
   * @param command what follows {@code ./headwater}
   */
  static Headwater start(
      Path root, Path work, String name, String yaml, String jvmOptions, String... command) {
    try {
      Path file = Files.writeString(work.resolve(name + ".yaml"), yaml);
      Path log = work.resolve(name + ".log");
      List<String> line = new ArrayList<>();
      line.add(root.resolve("headwater").toString());
      line.addAll(List.of(command));
      line.addAll(List.of("-f", file.toString(), "--no-color"));
      ProcessBuilder builder = new ProcessBuilder(line).directory(work.toFile());
      builder.environment().put("HEADWATER_OPTS", jvmOptions);
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      return new Headwater(builder.start(), log);
    } catch (IOException e) {
      throw new BenchmarkException("headwater cannot be started", e);
    }
  }

  long pid() {
    return process.pid();
  }

  void requireAlive() {
    if (!process.isAlive()) {
      throw new BenchmarkException("headwater ended early: " + output());
    }
  }

  /** Waits until it ends by itself, well. */
  void awaitEnd(long seconds) {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        throw new BenchmarkException("headwater still runs after " + seconds + " s: " + output());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
    if (process.exitValue() != 0) {
      throw new BenchmarkException("headwater failed: " + output());
    }
  }

  /** What it printed so far. */
  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "(its output cannot be read: " + e.getMessage() + ")";
    }
  }

  /** SIGTERM, and waits until it has ended in good order. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}

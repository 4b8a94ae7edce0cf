package dev.headwater.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One process of Headwater, started as its user starts it: {@code ./headwater COMMAND NAME -f
 * FILE}.
 */
final class Headwater implements AutoCloseable {
  private final Process process;
  private final Path script;
  private final Path file;
  private final Path log;

  private Headwater(Process process, Path script, Path file, Path log) {
    this.process = process;
    this.script = script;
    this.file = file;
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
      return start(root.resolve("headwater"), file, name, jvmOptions, command);
    } catch (IOException e) {
      throw new BenchmarkException("headwater cannot be started", e);
    }
  }

  private static Headwater start(
      Path script, Path file, String name, String jvmOptions, String... command)
      throws IOException {
    Path log = file.resolveSibling(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(line(script, file, command)).directory(file.getParent().toFile());
    builder.environment().put("HEADWATER_OPTS", jvmOptions);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    return new Headwater(Children.start(builder), script, file, log);
  }

  /**
   * Starts another command with the same file beside this one; a name of its own for its output.
   */
  Headwater beside(String name, String... command) {
    try {
      return start(script, file, name, "", command);
    } catch (IOException e) {
      throw new BenchmarkException("headwater cannot be started", e);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** The exit code, once it has ended by itself. */
  int awaitEnd() {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
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

  /** Runs another command with the same file to its end, and fails if it does. */
  void run(String... command) {
    try {
      Process other =
          Children.start(new ProcessBuilder(line(script, file, command)).redirectErrorStream(true));
      String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exit = other.waitFor();
      Children.end(other);
      if (exit != 0) {
        throw new BenchmarkException("headwater " + List.of(command) + " failed: " + said);
      }
    } catch (IOException e) {
      throw new BenchmarkException("headwater cannot be started", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }

  private static List<String> line(Path script, Path file, String... command) {
    List<String> line = new ArrayList<>();
    line.add(script.toString());
    line.addAll(List.of(command));
    line.addAll(List.of("-f", file.toString(), "--no-color"));
    return line;
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
    Children.end(process);
  }
}

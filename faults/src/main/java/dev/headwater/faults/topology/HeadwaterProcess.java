package dev.headwater.faults.topology;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One command of Headwater in a process of its own: the command line that the {@code headwater}
 * script runs. What it says goes to a file. Any thread may call.
 */
public final class HeadwaterProcess {
  private static final int QUOTED_LINES = 25;

  private final String name;
  private final Path output;
  private final Process process;
  private volatile boolean endIsOurs;

  private HeadwaterProcess(String name, Path output, Process process) {
    this.name = name;
    this.output = output;
    this.process = process;
  }

  /** Starts {@code headwater ARGUMENTS}; it ends with us, whatever ends us. */
  public static HeadwaterProcess start(String name, Path directory, List<String> arguments)
      throws IOException {
    Path output = directory.resolve(name + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", ownClassPath()));
    command.addAll(List.of(ChildMain.class.getName(), "dev.headwater.cli.Main"));
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .start();
    return new HeadwaterProcess(name, output, process);
  }

  /** Ours, which holds Headwater too; absolute, for the child runs in a directory of its own. */
  private static String ownClassPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** What it runs, as {@code capture}. */
  public String name() {
    return name;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** SIGKILL; returns when it is gone. */
  public void kill() throws InterruptedException {
    endIsOurs = true;
    process.destroyForcibly();
    process.waitFor(20, TimeUnit.SECONDS);
  }

  /** SIGTERM; by force when it takes longer than the limit. */
  public void stop(int seconds) throws InterruptedException {
    endIsOurs = true;
    process.destroy();
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      kill();
    }
  }

  /** SIGSTOP: all of it stands still, connections stay open. */
  public void suspend() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  public void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    new ProcessBuilder("/bin/sh", "-c", "kill -s \"$0\" \"$1\"", signal, "" + process.pid())
        .start()
        .waitFor();
  }

  /** Whether we ended it, or it may end by itself. */
  public boolean isEndOurs() {
    return endIsOurs;
  }

  public int exitCode() {
    return process.exitValue();
  }

  /** The last lines it said. */
  public String lastWords() {
    try {
      List<String> lines =
          new String(Files.readAllBytes(output), StandardCharsets.UTF_8).lines().toList();
      return String.join(
          "\n", lines.subList(Math.max(0, lines.size() - QUOTED_LINES), lines.size()));
    } catch (IOException e) {
      return "(not readable: " + e.getMessage() + ")";
    }
  }
}

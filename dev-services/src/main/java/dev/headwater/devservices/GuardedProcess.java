package dev.headwater.devservices;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One child process under {@code guard.sh}, which stops it when this virtual machine closes the
 * guard's input or dies in whatever way. Both are in a session of their own, so that Ctrl-C at the
 * terminal reaches us first and we stop them in order.
 *
 * <p>Signals go to ids we were given at the start, never to names. Thread-safe as long as one
 * thread at a time calls it, which {@link DevServer} sees to.
 */
final class GuardedProcess implements ServerProcess {
  private static final Path SETSID = Path.of("/usr/bin/setsid");
  private static final Duration KILLED_IN = Duration.ofSeconds(10);

  private final Process guard;
  private final ProcessHandle server;
  private final long pid;

  private GuardedProcess(Process guard, long pid, ProcessHandle server) {
    this.guard = guard;
    this.pid = pid;
    this.server = server;
  }

  /**
   * How the guard is to end the server when its input closes.
   *
   * @param signal a name as {@code kill -s} takes it
   * @param graceSeconds how long until SIGKILL follows
   * @param doomed a directory to delete afterwards, or the empty string
   */
  record Ending(String signal, int graceSeconds, String doomed) {}

  static GuardedProcess start(List<String> command, Path directory, Path log, Ending ending) {
    List<String> guarded = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      guarded.add(SETSID.toString());
    }
    guarded.addAll(List.of("/bin/sh", "-c", script(), "guard", ending.signal()));
    guarded.addAll(List.of(Integer.toString(ending.graceSeconds()), log.toString()));
    guarded.add(ending.doomed());
    guarded.addAll(command);
    try {
      Process guard =
          new ProcessBuilder(guarded)
              .directory(directory.toFile())
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      String firstLine = firstLineOf(guard);
      if (firstLine == null) {
        throw new DevServerException(
            "The guard of " + command.get(0) + " ended at once, see " + log);
      }
      long pid = Long.parseLong(firstLine);
      // A server that died already is followed by its guard: that one then ends too.
      ProcessHandle server = ProcessHandle.of(pid).orElseGet(guard::toHandle);
      return new GuardedProcess(guard, pid, server);
    } catch (IOException e) {
      throw new DevServerException("The process " + command.get(0) + " cannot be started", e);
    }
  }

  private static @Nullable String firstLineOf(Process guard) throws IOException {
    try (BufferedReader output = guard.inputReader(StandardCharsets.US_ASCII)) {
      return output.readLine();
    }
  }

  private static String script() {
    try (InputStream script = GuardedProcess.class.getResourceAsStream("guard.sh")) {
      if (script == null) {
        throw new DevServerException("The resource guard.sh is missing");
      }
      return new String(script.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new DevServerException("The resource guard.sh cannot be read", e);
    }
  }

  @Override
  public long pid() {
    return pid;
  }

  @Override
  public boolean isAlive() {
    return guard.isAlive();
  }

  @Override
  public void kill() {
    // The server is stopped first, so that it starts nothing new while the others are counted.
    signal("STOP", List.of(server));
    List<ProcessHandle> all = tree();
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle each : all) {
      awaitEnd(each);
    }
    awaitGuard(KILLED_IN);
  }

  @Override
  public void suspend() {
    signal("STOP", List.of(server));
    signal("STOP", tree());
  }

  @Override
  public void resume() {
    signal("CONT", tree());
  }

  @Override
  public boolean stop(String signal, Duration patience) {
    resume();
    signal(signal, List.of(server));
    return awaitGuard(patience);
  }

  /** Closes the guard's input: the guard does the rest, as its {@link Ending} says. */
  @Override
  public boolean abandon(Duration patience) {
    resume();
    try {
      guard.getOutputStream().close();
    } catch (IOException alreadyGone) {
      // The guard ended by itself; there is nothing left to tell it.
    }
    return awaitGuard(patience);
  }

  private List<ProcessHandle> tree() {
    try (Stream<ProcessHandle> children = server.descendants()) {
      return Stream.concat(Stream.of(server), children).toList();
    }
  }

  private static void signal(String name, List<ProcessHandle> targets) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill -s \"$0\" \"$@\"", name));
    for (ProcessHandle target : targets) {
      if (target.isAlive()) {
        command.add(Long.toString(target.pid()));
      }
    }
    if (command.size() == 4) {
      return;
    }
    try {
      new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new DevServerException("The signal " + name + " cannot be sent", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DevServerException("Interrupted while sending the signal " + name, e);
    }
  }

  private boolean awaitGuard(Duration patience) {
    try {
      return guard.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !guard.isAlive();
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    long deadline = System.nanoTime() + KILLED_IN.toNanos();
    while (!hasEnded(process) && System.nanoTime() < deadline) {
      DevServer.pause();
    }
  }

  /**
   * A grandchild whose parent went first is only gone for {@link ProcessHandle} when the first
   * process of the machine has collected it, which in a container can take seconds; dead it is
   * before that, and Linux says so: the state after the name in brackets is Z or X.
   */
  private static boolean hasEnded(ProcessHandle process) {
    if (!process.isAlive()) {
      return true;
    }
    try {
      String status = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      int afterName = status.lastIndexOf(')') + 2;
      return status.startsWith("Z", afterName) || status.startsWith("X", afterName);
    } catch (IOException goneOrNotLinux) {
      return !process.isAlive();
    }
  }
}

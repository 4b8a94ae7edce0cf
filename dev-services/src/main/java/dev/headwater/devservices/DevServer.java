package dev.headwater.devservices;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One real server in a process, or a container, of its own on 127.0.0.1, and what can be done to
 * it: kill it, stop it, freeze it, start it again on the same port and data.
 *
 * <p>Any thread may call; what changes its state waits for its turn, what asks does not. The
 * process never outlives this virtual machine, even one ended by SIGKILL. {@link #close} may be
 * called twice; the object is of no use afterwards.
 *
 * <pre>
 * running --kill, stop--> down --restart--> running --suspend--> frozen --resume--> running
 * any --close--> closed
 * </pre>
 */
public abstract sealed class DevServer implements AutoCloseable
    permits PostgresServer, KafkaServer, RedisServer, OpenSearchServer {
  private static final int PORT_ATTEMPTS = 5;
  private static final int QUOTED_LINES = 30;
  private static final Duration STOPPED_IN = Duration.ofSeconds(15);
  private static final int GRACE_SECONDS = 10;

  private final String name;
  private final Duration startTimeout;
  private final Path dataDir;
  private final boolean temporary;
  private final boolean portIsFixed;
  // Read without the lock, so that asking where a server is never waits for its restart.
  private volatile int port;
  private volatile @Nullable ServerProcess process;
  private final Optional<ServerContainers> containers;
  private volatile boolean closed;
  // A container keeps the port it was made with.
  private int containerPort;

  DevServer(String name, ServerOptions options) {
    this.name = name;
    this.startTimeout = options.startTimeout();
    this.temporary = options.dataDir().isEmpty();
    this.portIsFixed = options.port() != 0;
    this.containers = temporary ? ServerContainers.find() : Optional.empty();
    this.port = options.port();
    try {
      this.dataDir =
          temporary
              ? Files.createTempDirectory("headwater-" + name + "-")
              : Files.createDirectories(options.dataDir().orElseThrow());
    } catch (IOException e) {
      throw new DevServerException("The data directory of " + name + " cannot be made", e);
    }
  }

  /** Makes what the data directory needs before the first start; finds it made when it is kept. */
  abstract void prepareData(Path directory) throws IOException;

  /** The command line, and the configuration files it names, for this port. */
  abstract List<String> command(Path directory, int onPort) throws IOException;

  /** Whether the server answers; asked again and again while it starts. */
  abstract boolean isReady(Path directory, int onPort, long processId) throws IOException;

  /** What it runs from in a container, reached on this port; empty when it cannot run in one. */
  abstract Optional<ServerImage> image(int onPort);

  /** The signal that makes it end in good order, as {@code kill -s} takes it. */
  abstract String stopSignal();

  /** The signal for a server whose data is to be thrown away. */
  String hastySignal() {
    return "KILL";
  }

  /** Called once by the factory method of each server. */
  final synchronized void startFirst() {
    try {
      if (containers.isEmpty()) {
        prepareData(dataDir);
      }
      startOnSomePort();
    } catch (IOException e) {
      close();
      throw new DevServerException("The data directory " + dataDir + " cannot be prepared", e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void startOnSomePort() {
    for (int attempt = 1; ; attempt++) {
      if (!portIsFixed) {
        port = LoopbackPorts.free();
      }
      try {
        launch();
        return;
      } catch (DevServerException e) {
        if (portIsFixed || attempt == PORT_ATTEMPTS || !isAboutTakenPort(e)) {
          throw e;
        }
      }
    }
  }

  static boolean isAboutTakenPort(DevServerException e) {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("address already in use")
        || text.contains("port is already allocated")
        || text.contains("bindexception");
  }

  private void launch() {
    ServerProcess launched;
    try {
      Files.writeString(logFile(), "");
      Optional<ServerImage> image = containers.flatMap(any -> image(port));
      launched = image.isPresent() ? inContainer(image.get()) : inProcess();
    } catch (IOException e) {
      throw new DevServerException("The server " + name + " cannot be launched in " + dataDir, e);
    }
    long started = System.nanoTime();
    while (!answers(launched)) {
      if (!launched.isAlive()) {
        throw new DevServerException(failure("ended while it was starting"));
      }
      if (System.nanoTime() - started > startTimeout.toNanos()) {
        String message = failure("did not answer within " + startTimeout.toSeconds() + " s");
        launched.kill();
        throw new DevServerException(message);
      }
      // Asking a container costs a process in it each time.
      pause(launched instanceof ServerContainer ? 200 : 10);
    }
  }

  private ServerProcess inProcess() throws IOException {
    String doomed = temporary ? dataDir.toString() : "";
    var ending = new GuardedProcess.Ending(endingSignal(), GRACE_SECONDS, doomed);
    process = GuardedProcess.start(command(dataDir, port), dataDir, logFile(), ending);
    return process;
  }

  private ServerProcess inContainer(ServerImage image) {
    ServerProcess former = process;
    if (former != null && containerPort == port) {
      ((ServerContainer) former).start();
      return former;
    }
    if (former != null) {
      former.abandon(STOPPED_IN);
    }
    ServerContainer container = containers.orElseThrow().create(name, image, port);
    process = container;
    containerPort = port;
    container.start();
    return container;
  }

  private boolean answers(ServerProcess launched) {
    try {
      if (launched instanceof ServerContainer container) {
        return container.isAlive() && container.isReady();
      }
      return launched.isAlive() && isReady(dataDir, port, launched.pid());
    } catch (IOException notYet) {
      return false;
    }
  }

  private String endingSignal() {
    return temporary ? hastySignal() : stopSignal();
  }

  private String failure(String what) {
    return "%s on 127.0.0.1:%d %s; the end of %s:%n%s"
        .formatted(name, port, what, logFile(), endOfLog());
  }

  private String endOfLog() {
    try {
      String log =
          process instanceof ServerContainer container
              ? container.output()
              : new String(Files.readAllBytes(logFile()), StandardCharsets.UTF_8);
      List<String> lines = log.lines().toList();
      return String.join(
          "\n", lines.subList(Math.max(0, lines.size() - QUOTED_LINES), lines.size()));
    } catch (IOException e) {
      return "(not readable: " + e.getMessage() + ")";
    }
  }

  /** The port on 127.0.0.1; the same over all restarts. */
  public final int port() {
    return port;
  }

  /** The id of the server's process: the one a killing test would kill. Another after a restart. */
  public final long pid() {
    return current().pid();
  }

  /** Whether its process runs; a suspended one counts. */
  public final boolean isAlive() {
    ServerProcess current = process;
    return current != null && current.isAlive();
  }

  /** Where its data, its configuration and its log are. */
  public final Path dataDir() {
    return dataDir;
  }

  /** What the server wrote to its output since it was last started. */
  public final Path logFile() {
    return dataDir.resolve(name + ".log");
  }

  /** SIGKILL, to the server and its own children at once, and waits until they are gone. */
  public final synchronized void kill() {
    current().kill();
  }

  /** Ends it in good order, and by force when that takes longer than 15 seconds. */
  public final synchronized void stop() {
    if (!current().stop(stopSignal(), STOPPED_IN)) {
      current().kill();
    }
  }

  /** Starts it again on the same port and data; stops it first when it still runs. */
  public final synchronized void restart() {
    if (closed) {
      throw new IllegalStateException(name + " is closed");
    }
    if (isAlive()) {
      stop();
    }
    relaunch();
  }

  /** The port stays, but who took it, or a port only the server itself uses, may be gone soon. */
  private void relaunch() {
    for (int attempt = 1; ; attempt++) {
      try {
        launch();
        return;
      } catch (DevServerException e) {
        if (attempt == PORT_ATTEMPTS || !isAboutTakenPort(e)) {
          throw e;
        }
      }
    }
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  public final synchronized void suspend() {
    current().suspend();
  }

  /** SIGCONT after {@link #suspend}. */
  public final synchronized void resume() {
    current().resume();
  }

  /**
   * Ends the server. A temporary data directory goes with it, and then the server is not asked to
   * tidy up first; a directory the caller gave is left in good order. Bounded: about 15 seconds at
   * the worst.
   */
  @Override
  public final synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    ServerProcess last = process;
    if (last != null && !last.abandon(STOPPED_IN)) {
      last.kill();
    }
    if (temporary) {
      deleteData();
    }
  }

  private void deleteData() {
    if (!Files.exists(dataDir)) {
      return;
    }
    try (Stream<Path> files = Files.walk(dataDir)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new DevServerException("The data directory " + dataDir + " cannot be deleted", e);
    }
  }

  private ServerProcess current() {
    ServerProcess current = process;
    if (current == null || closed) {
      throw new IllegalStateException(name + " is not running");
    }
    return current;
  }

  /** The step of every waiting loop here. */
  static void pause() {
    pause(10);
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DevServerException("Interrupted while waiting for a server", e);
    }
  }
}

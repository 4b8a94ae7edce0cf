package dev.headwater.faults.topology;

import dev.headwater.devservices.TcpProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Headwater as a user runs it: one process a connector, one a sink worker, each started again when
 * it ends, as a service manager would.
 *
 * <p>A process that ends by itself because its environment is not ready (exit code 3, at its start)
 * is started again without a word. Any other end that we did not cause is kept for the verdict.
 */
public final class Deployment implements AutoCloseable {
  /** The worker that captures. */
  public static final String CAPTURE = "capture";

  /** The sinks, as connectors.yaml names them. */
  public static final List<String> SINKS = List.of("cache", "search", "replica");

  private static final int NOT_READY = 3;

  private final Path directory;
  private final Map<String, HeadwaterProcess> running = new LinkedHashMap<>();
  private final Map<String, List<HeadwaterProcess>> beside = new HashMap<>();
  private final List<String> unexpected = new ArrayList<>();
  private final Thread supervisor;
  private boolean closed;
  private int startedAgain;

  private Deployment(Path directory) {
    this.directory = directory;
    this.supervisor = new Thread(this::supervise, "supervisor");
    supervisor.setDaemon(true);
  }

  /** Writes the configuration and starts capture and all sinks. */
  public static Deployment start(Servers servers, Path directory) throws IOException {
    Deployment deployment = new Deployment(directory);
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("capture.yaml"), yaml(servers, servers.captureLogLinks()));
    Files.writeString(directory.resolve("sinks.yaml"), yaml(servers, servers.sinksLogLinks()));
    deployment.startAll();
    deployment.supervisor.start();
    return deployment;
  }

  private static String yaml(Servers servers, List<TcpProxy> logLinks) {
    String brokers =
        logLinks.stream().map(l -> "127.0.0.1:" + l.port()).collect(Collectors.joining(","));
    return """
        version: 1
        log:
          bootstrap_servers: %s
          replication_factor: %d
          partitions: 2
        connectors:
          - name: shop
            type: postgres
            url: postgresql://127.0.0.1:%d/%s
            user: postgres
            password: postgres
            tables: ["public.*"]
            heartbeat: 1s
        sinks:
          - name: cache
            type: redis
            url: redis://127.0.0.1:%d
            tables: ["shop.public.*"]
            key: "{table}:{id}"
          - name: search
            type: opensearch
            url: http://127.0.0.1:%d
            tables: ["shop.public.*"]
            index: everything
          - name: replica
            type: postgres
            url: postgresql://127.0.0.1:%d/%s
            user: postgres
            password: postgres
            tables: ["shop.public.*"]
            schema: shop
        """
        .formatted(
            brokers,
            Math.min(3, logLinks.size()),
            servers.sourceLink().port(),
            Servers.DATABASE,
            servers.cacheLink().port(),
            servers.searchLink().port(),
            servers.replicaLink().port(),
            Servers.DATABASE);
  }

  private synchronized void startAll() throws IOException {
    ensureRunning(CAPTURE);
    for (String sink : SINKS) {
      ensureRunning(sink);
    }
  }

  /** The process that runs {@code capture} or a sink now. */
  public synchronized HeadwaterProcess process(String name) {
    HeadwaterProcess process = running.get(name);
    if (process == null) {
      throw new IllegalArgumentException("nothing is named " + name);
    }
    return process;
  }

  /** Starts a worker that does not run; leaves one that does. */
  public synchronized void ensureRunning(String name) throws IOException {
    List<HeadwaterProcess> others = beside.computeIfAbsent(name, n -> new ArrayList<>());
    others.stream().filter(other -> !other.isAlive()).forEach(this::requireOurEnd);
    others.removeIf(other -> !other.isAlive());
    HeadwaterProcess current = running.get(name);
    if (current == null || !current.isAlive()) {
      running.put(name, others.isEmpty() ? launch(name) : others.remove(0));
    }
  }

  /**
   * Starts one more of a worker beside the one that runs. When either is gone, the other is the one
   * that is watched, from {@link #ensureRunning} on.
   */
  public synchronized HeadwaterProcess startOneMore(String name) throws IOException {
    HeadwaterProcess one = launch(name);
    beside.computeIfAbsent(name, n -> new ArrayList<>()).add(one);
    return one;
  }

  private HeadwaterProcess launch(String name) throws IOException {
    List<String> arguments =
        name.equals(CAPTURE)
            ? List.of("capture", "shop", "-f", "capture.yaml", "--no-color")
            : List.of("sink", name, "-f", "sinks.yaml", "--no-color");
    return HeadwaterProcess.start(name, directory, arguments);
  }

  private void requireOurEnd(HeadwaterProcess process) {
    if (!process.isEndOurs()) {
      note(endOf(process));
    }
  }

  private static String endOf(HeadwaterProcess process) {
    return process.name()
        + " ended by itself with exit code "
        + process.exitCode()
        + ":\n"
        + process.lastWords();
  }

  private void supervise() {
    while (true) {
      try {
        Thread.sleep(500);
        if (!look()) {
          return;
        }
      } catch (InterruptedException | IOException e) {
        note("the supervisor ended: " + e);
        return;
      }
    }
  }

  private synchronized boolean look() throws IOException {
    if (closed) {
      return false;
    }
    for (HeadwaterProcess process : List.copyOf(running.values())) {
      if (process.isAlive() || process.isEndOurs()) {
        continue;
      }
      if (process.exitCode() == NOT_READY) {
        startedAgain++;
      } else {
        note(endOf(process));
      }
      running.put(process.name(), launch(process.name()));
    }
    return true;
  }

  private synchronized void note(String what) {
    unexpected.add(what);
  }

  /** Ends that nobody caused, since the last call. */
  public synchronized List<String> takeUnexpectedEnds() {
    List<String> taken = List.copyOf(unexpected);
    unexpected.clear();
    return taken;
  }

  /** Whether a worker has ended that should not have. */
  public synchronized boolean hasUnexpectedEnd() {
    return !unexpected.isEmpty();
  }

  /** How often a worker met an environment that was not ready, and was started again. */
  public synchronized int startedAgain() {
    return startedAgain;
  }

  /** The last words of every worker, for a verdict that is not good. */
  public synchronized String lastWords() {
    StringBuilder words = new StringBuilder();
    running.forEach(
        (name, process) ->
            words
                .append("--- ")
                .append(name)
                .append('\n')
                .append(process.lastWords())
                .append('\n'));
    return words.toString();
  }

  @Override
  public synchronized void close() {
    closed = true;
    List<HeadwaterProcess> all = new ArrayList<>(running.values());
    beside.values().forEach(all::addAll);
    for (HeadwaterProcess process : all) {
      try {
        process.kill();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

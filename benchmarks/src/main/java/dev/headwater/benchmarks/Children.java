package dev.headwater.benchmarks;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The contestants' processes. They end with the benchmark, also when that is ended by a signal: a
 * left-over one would take part in whatever is measured next. Thread-safe.
 */
final class Children {
  private static final long PATIENCE_SECONDS = 20;
  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Children::endAll, "children"));
  }

  private Children() {}

  static Process start(ProcessBuilder builder) throws IOException {
    Process child = builder.start();
    RUNNING.add(child);
    return child;
  }

  /** SIGTERM, and after a while SIGKILL; returns when it has ended. */
  static void end(Process child) {
    child.destroy();
    try {
      if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        child.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      child.destroyForcibly();
    }
    RUNNING.remove(child);
  }

  private static void endAll() {
    RUNNING.forEach(Process::destroy);
    RUNNING.forEach(Children::end);
  }
}

package dev.headwater.benchmarks;

import java.util.concurrent.TimeUnit;

/**
 * One reader who never pauses, on a thread and a connection of its own. A read that fails is an
 * error that counts; the reader then connects again, as its user's pool would.
 */
final class Reader implements AutoCloseable {
  private static final long AFTER_ERROR_MS = 50;

  /** Connects. */
  interface Opening {
    Reading open() throws Exception;
  }

  /** One connection of a reader. */
  interface Reading extends AutoCloseable {
    /** Reads once, and notes in the log what it must never see. */
    void once(ReadLog log) throws Exception;

    /** Reads once, and notes how long that took. */
    default void timed(ReadLog log) throws Exception {
      long began = System.nanoTime();
      once(log);
      log.read(began, System.nanoTime());
    }

    @Override
    default void close() throws Exception {}
  }

  private final ReadLog log;
  private final Opening opening;
  private final Thread thread;
  private volatile boolean stopped;

  Reader(String kind, Opening opening) {
    this.log = new ReadLog(kind);
    this.opening = opening;
    this.thread = new Thread(this::run, "reader " + kind);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  ReadLog log() {
    return log;
  }

  private void run() {
    while (!stopped) {
      try (Reading reading = opening.open()) {
        while (!stopped) {
          reading.timed(log);
        }
      } catch (Exception e) {
        log.error(e.toString());
        Clock.pause(AFTER_ERROR_MS);
      }
    }
  }

  /** Ends after the read in hand. */
  @Override
  public void close() {
    stopped = true;
    try {
      thread.join(TimeUnit.MINUTES.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      throw new BenchmarkException("reader '" + log.kind() + "' hangs");
    }
  }
}

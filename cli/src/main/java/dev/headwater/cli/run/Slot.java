package dev.headwater.cli.run;

import dev.headwater.log.failure.HeadwaterException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connector's or sink's place in a process: the worker that runs in it, on a thread of its own,
 * and a new one after each pause or restart, for workers are used once.
 *
 * <p>Any thread may call any method; starting and stopping wait for each other.
 */
final class Slot<W extends Runnable> {
  private static final Logger LOG = LoggerFactory.getLogger(Slot.class);
  private static final long JOIN_MS = 45_000;

  private final String name;
  private final String role;
  private final Supplier<W> maker;
  private final Consumer<W> closer;
  private final Consumer<HeadwaterException> onFailure;
  private volatile @Nullable W worker;
  private @Nullable Thread thread;
  private volatile @Nullable HeadwaterException failure;
  private volatile boolean isPaused;

  /**
   * @param maker makes a worker that has not run
   * @param closer stops one, within a bounded time
   * @param onFailure told of each worker that ended with a failure, on that worker's thread
   */
  Slot(
      String name,
      String role,
      Supplier<W> maker,
      Consumer<W> closer,
      Consumer<HeadwaterException> onFailure) {
    this.name = name;
    this.role = role;
    this.maker = maker;
    this.closer = closer;
    this.onFailure = onFailure;
    this.worker = maker.get();
  }

  /** The worker, also one that ended; there is always one but between two. */
  Optional<W> worker() {
    return Optional.ofNullable(worker);
  }

  Optional<HeadwaterException> failure() {
    return Optional.ofNullable(failure);
  }

  boolean isPaused() {
    return isPaused;
  }

  /** Whether nothing runs here, and nothing will unless a command asks for it. */
  synchronized boolean isOver() {
    return !isPaused && (thread == null || !thread.isAlive());
  }

  /** Starts the worker. */
  synchronized void start() {
    W starting = worker == null ? maker.get() : worker;
    worker = starting;
    failure = null;
    isPaused = false;
    Thread running = new Thread(() -> run(starting), "headwater/" + name + "/" + role);
    thread = running;
    running.start();
  }

  private void run(W running) {
    try {
      running.run();
    } catch (HeadwaterException e) {
      failure = e;
      onFailure.accept(e);
    }
  }

  /** Stops the worker, and holds its place until {@link #restart}. */
  synchronized void pause() {
    isPaused = true;
    stop();
  }

  /** Stops the worker if it runs, and starts a new one. */
  synchronized void restart() {
    isPaused = true;
    stop();
    worker = maker.get();
    start();
  }

  /** Stops the worker for good. */
  synchronized void stop() {
    if (worker == null) {
      return;
    }
    closer.accept(worker);
    if (thread != null) {
      try {
        thread.join(JOIN_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (thread.isAlive()) {
        LOG.atWarn().addKeyValue("worker", thread.getName()).log("worker did not stop in time");
      }
    }
    if (isPaused) {
      worker = null;
    }
  }
}

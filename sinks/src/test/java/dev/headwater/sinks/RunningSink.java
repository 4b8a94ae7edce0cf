package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** One process of a sink: its supervisor, on a thread of its own. */
public final class RunningSink implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final LogConnection connection;
  private final SinkSupervisor supervisor;
  private final CompletableFuture<Void> run;

  /**
   * @param grace how long a switch holds before what it replaced is dropped
   */
  public RunningSink(SinkConfig config, String brokers, Duration grace) {
    connection = TestLog.connect(brokers, Duration.ofDays(7));
    supervisor =
        new SinkSupervisor(
            config,
            Sinks.generations(config),
            connection,
            2,
            new SinkSupervisor.Timing(Duration.ofMillis(100), grace));
    run = CompletableFuture.runAsync(supervisor, task -> new Thread(task, "supervisor").start());
  }

  /** Asks for something, as a command would. */
  public void wish(SinkWish.Action action, boolean keepPrevious) {
    wish(action, keepPrevious, 0);
  }

  /** Asks to be rebuilt, at so many rows a second. */
  public void rebuild(long rate) {
    wish(SinkWish.Action.REBUILD, false, rate);
  }

  /** Asks for something, and takes rows for granted that the target refuses. */
  public void wishAcceptingParked(String request, SinkWish.Action action) {
    supervisor.wish(new SinkWish(request, action, false, 0, true, System.currentTimeMillis()));
  }

  private void wish(SinkWish.Action action, boolean keepPrevious, long rate) {
    supervisor.wish(
        new SinkWish(
            UUID.randomUUID().toString(),
            action,
            keepPrevious,
            rate,
            false,
            System.currentTimeMillis()));
  }

  public SinkStatus status() {
    return supervisor.status();
  }

  /** Waits until something is so; fails where it is not in time, or the sink ended. */
  public void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      requireAlive();
      if (System.nanoTime() > end) {
        throw new AssertionError("not so in time: " + status());
      }
      Thread.sleep(20);
    }
  }

  private void requireAlive() throws InterruptedException {
    if (run.isCompletedExceptionally()) {
      try {
        run.get();
      } catch (ExecutionException e) {
        throw (HeadwaterException) e.getCause();
      }
    }
  }

  @Override
  public void close() {
    supervisor.close();
    connection.close();
  }
}

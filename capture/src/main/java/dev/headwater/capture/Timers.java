package dev.headwater.capture;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Timers of what watches beside the stream, each a daemon thread that dumps tell apart by name. */
final class Timers {
  private Timers() {}

  /**
   * Makes a timer of one thread; whoever asked shuts it down.
   *
   * @param connector the connector's name
   * @param what names the thread beside it
   */
  static ScheduledExecutorService start(String connector, String what) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, "headwater/" + connector + "/" + what);
          thread.setDaemon(true);
          return thread;
        });
  }
}

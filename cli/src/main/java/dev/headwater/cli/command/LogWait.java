package dev.headwater.cli.command;

import dev.headwater.cli.Console;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;

/**
 * Opens the log for commands that run until they are stopped: brokers that do not answer yet are
 * waited for, for ever, with growing pauses. What waiting does not mend (a wrong setting, a refused
 * login) ends the command, and commands that do one thing use {@link LogConnection} and fail fast.
 */
final class LogWait {
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** A line when it begins to wait, then one so often. */
  private static final Duration SAY_EVERY = Duration.ofSeconds(30);

  private LogWait() {}

  /**
   * Returns once a broker answers. On the command's thread; Ctrl-C ends the process.
   *
   * @throws HeadwaterException what is not {@code LOG_UNREACHABLE}
   * @throws InterruptedException if the thread is to end
   */
  static LogConnection open(LogConfig config, Console console) throws InterruptedException {
    long pauseMs = 500;
    long began = System.nanoTime();
    long saidAt = Long.MIN_VALUE;
    while (true) {
      try {
        LogConnection log = LogConnection.open(config);
        if (saidAt != Long.MIN_VALUE) {
          console.say("log at " + log.address() + " answers");
        }
        return log;
      } catch (HeadwaterException e) {
        if (e.code() != FailureCode.LOG_UNREACHABLE) {
          throw e;
        }
        long now = System.nanoTime();
        if (saidAt == Long.MIN_VALUE || now - saidAt > SAY_EVERY.toNanos()) {
          saidAt = now;
          console.say(
              "waiting for the log, %d s by now: %s"
                  .formatted(Duration.ofNanos(now - began).toSeconds(), e.getMessage()));
        }
      }
      Thread.sleep(pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE.toMillis(), pauseMs * 2);
    }
  }
}

package dev.headwater.capture;

import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.topic.TopicGuard;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks every five seconds, on a thread of its own, whether the captured tables' topics are what
 * they were, and ends the session when they are not. Brokers that are away are the appender's
 * business.
 */
final class TopicWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);
  private static final long EVERY_SECONDS = 5;
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

  private final TopicGuard guard;
  private final Consumer<RuntimeException> endSession;
  private final ScheduledExecutorService timer;

  private TopicWatch(String connector, TopicGuard guard, Consumer<RuntimeException> endSession) {
    this.guard = guard;
    this.endSession = endSession;
    this.timer = Timers.start(connector, "topics");
  }

  /**
   * Refuses a session whose topics are not what they must be; before anything could make a lost one
   * anew.
   */
  static void requireKept(TopicGuard guard) throws InterruptedException {
    while (!guard.check()) {
      Thread.sleep(LOOK_AGAIN.toMillis());
    }
  }

  /**
   * Watches from now on.
   *
   * @param endSession ends the session, with what it cannot go on over
   */
  static TopicWatch start(
      String connector, TopicGuard guard, Consumer<RuntimeException> endSession) {
    TopicWatch watch = new TopicWatch(connector, guard, endSession);
    watch.timer.scheduleWithFixedDelay(watch::look, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
    return watch;
  }

  private void look() {
    try {
      guard.check();
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable()) {
        // Again at the next look, should the session not have been far enough to be ended.
        endSession.accept(e);
        return;
      }
      LOG.atDebug().setCause(e).log("topics were not looked at");
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}

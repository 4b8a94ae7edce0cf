package dev.headwater.sinks.verify;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;

/** Waits that an interrupt ends. */
final class Pause {
  private Pause() {}

  /** An interrupt ends the verification. */
  static void millis(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.INTERNAL, "verification – interrupted", "Start it again.", e);
    }
  }

  /** For a thread that was told to end; an interrupt is left standing. */
  static void untilEnded(Thread thread, long mostMillis) {
    try {
      thread.join(mostMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.headwater.sinks.verify;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;

/** A short wait that an interrupt ends together with the verification. */
final class Pause {
  private Pause() {}

  static void millis(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.INTERNAL, "verification – interrupted", "Start it again.", e);
    }
  }
}

package dev.headwater.capture;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;

/** What no part of capture expects to be thrown, as a failure that names where it was. */
public final class Defects {
  private Defects() {}

  /**
   * The failure that ends the session; any thread.
   *
   * @param what was being done, as {@code handling a batch}
   */
  public static HeadwaterException of(String connector, String what, RuntimeException error) {
    return new HeadwaterException(
        FailureCode.INTERNAL,
        "connector '" + connector + "' – " + what + " failed: " + error,
        "This is a defect; capture starts again from the log's position.",
        error);
  }
}

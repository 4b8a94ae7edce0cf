package dev.headwater.cli.command;

import dev.headwater.cli.Console;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Asks before something large is done. */
final class Confirmation {
  private Confirmation() {}

  /**
   * Passes with {@code --yes}, or when a person at a terminal says yes.
   *
   * @param what what will be done, in whole sentences
   */
  static void require(Console console, boolean isYes, String what) throws IOException {
    if (isYes) {
      return;
    }
    if (System.console() == null || console.isJson()) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "not confirmed – " + what,
          "Say --yes where nobody can be asked.");
    }
    System.err.print(what + " Go on? [y/N] ");
    System.err.flush();
    String answer =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    if (answer == null || !answer.strip().toLowerCase(Locale.ROOT).matches("y|yes")) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID, "not confirmed – nothing was done", "");
    }
  }
}

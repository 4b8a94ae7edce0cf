package dev.headwater.log.failure;

import org.jspecify.annotations.Nullable;

/**
 * The one root of everything Headwater throws on purpose.
 *
 * <p>The message says what happened, as {@code <thing> '<name>' – <what happened>}; the hint says
 * the next command or the setting to change. Neither ever holds a row's values or a secret.
 */
public final class HeadwaterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;
  private final String hint;

  public HeadwaterException(FailureCode code, String message, String hint) {
    this(code, message, hint, null);
  }

  public HeadwaterException(
      FailureCode code, String message, String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.hint = hint;
  }

  /** Which way of failing this is. */
  public FailureCode code() {
    return code;
  }

  /** What to do about it, as one or two sentences for the person at the terminal. */
  public String hint() {
    return hint;
  }
}

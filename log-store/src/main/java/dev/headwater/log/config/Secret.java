package dev.headwater.log.config;

/**
 * A value that is never printed, logged or shown: its text form is a mask.
 *
 * <p>Two secrets are equal when their values are. Whoever needs the value calls {@link #reveal()}
 * at the last moment and passes it straight on.
 */
public record Secret(String reveal) {
  /** What stands for a secret wherever it would be printed. */
  public static final String MASK = "***";

  @Override
  public String toString() {
    return MASK;
  }
}

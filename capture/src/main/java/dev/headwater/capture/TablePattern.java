package dev.headwater.capture;

import dev.headwater.log.topic.Globs;
import java.util.regex.Pattern;

/**
 * A table as {@code connectors.yaml} names it: {@code schema.table}, where {@code *} stands for any
 * run of characters and {@code ?} for one.
 *
 * @param text as written
 * @param regex what it matches
 */
record TablePattern(String text, Pattern regex) {
  static TablePattern of(String text) {
    return new TablePattern(text, Globs.compile(text));
  }

  boolean matches(String schemaAndTable) {
    return regex.matcher(schemaAndTable).matches();
  }

  /** Whether the pattern names one table and no more. */
  boolean isExact() {
    return Globs.isExact(text);
  }

  @Override
  public String toString() {
    return text;
  }
}

package dev.headwater.capture;

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
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
    }
    return new TablePattern(text, Pattern.compile(regex.toString(), Pattern.DOTALL));
  }

  boolean matches(String schemaAndTable) {
    return regex.matcher(schemaAndTable).matches();
  }

  /** Whether the pattern names one table and no more. */
  boolean isExact() {
    return text.indexOf('*') < 0 && text.indexOf('?') < 0;
  }

  @Override
  public String toString() {
    return text;
  }
}

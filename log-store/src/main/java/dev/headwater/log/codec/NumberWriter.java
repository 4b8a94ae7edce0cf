package dev.headwater.log.codec;

/**
 * Integers and floats as JSON numbers, digit by digit as PostgreSQL prints them: it prints the
 * shortest text that reads back as the same float, {@code -0} and {@code 1e-07} included. What JSON
 * has no number for ({@code NaN}, {@code Infinity}) is a string.
 */
final class NumberWriter implements ValueWriter {
  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    if (isNumber(text, from, to)) {
      out.write(text, from, to);
    } else {
      out.writeString(text, from, to);
    }
  }

  /** Whether a text is a number by JSON's grammar (RFC 8259 section 6). */
  static boolean isNumber(byte[] text, int from, int to) {
    int start = from < to && text[from] == '-' ? from + 1 : from;
    int at = digitsEnd(text, start, to);
    if (at == start || (text[start] == '0' && at > start + 1)) {
      return false;
    }
    if (at < to && text[at] == '.') {
      int fraction = at + 1;
      at = digitsEnd(text, fraction, to);
      if (at == fraction) {
        return false;
      }
    }
    return at == to || isExponent(text, at, to);
  }

  private static boolean isExponent(byte[] text, int from, int to) {
    if (text[from] != 'e' && text[from] != 'E') {
      return false;
    }
    int digits = from + 1;
    if (digits < to && (text[digits] == '+' || text[digits] == '-')) {
      digits++;
    }
    return digits < to && digitsEnd(text, digits, to) == to;
  }

  private static int digitsEnd(byte[] text, int from, int to) {
    int at = from;
    while (at < to && Ascii.isDigit(text[at])) {
      at++;
    }
    return at;
  }
}

package dev.headwater.log.codec;

/**
 * {@code timestamp} and {@code timestamptz} as ISO-8601 with six digits of a second: {@code
 * 2024-05-01T12:34:56.120000}, and {@code …Z} in UTC. Years before Christ or beyond four digits,
 * and infinity, keep PostgreSQL's text, a zone converted to UTC.
 *
 * <p>The usual text, with four digits of a year and {@code +00} for a zone, is rewritten byte by
 * byte; {@link UtcTimestamp} does the rest.
 */
final class TimestampWriter implements ValueWriter {
  private static final byte[] UTC = Ascii.bytes("+00");
  // Digits where the template has zeros, else the same byte.
  private static final byte[] TEMPLATE = Ascii.bytes("0000-00-00 00:00:00");
  private static final int DATE_LENGTH = 10;
  private static final int FRACTION_DIGITS = 6;

  private final boolean zoned;
  private final UtcTimestamp utc = new UtcTimestamp();
  private final JsonBuffer converted = new JsonBuffer();

  TimestampWriter(boolean zoned) {
    this.zoned = zoned;
  }

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    if (!zoned) {
      writeCommonOrText(text, from, to, to, out);
    } else if (Ascii.endsWith(UTC, text, from, to)) {
      writeCommonOrText(text, from, to - UTC.length, to, out);
    } else if (utc.parse(text, from, to) == to) {
      converted.reset();
      utc.appendTo(converted);
      int end = converted.size();
      int localEnd = Ascii.endsWith(UTC, converted.array(), 0, end) ? end - UTC.length : end;
      writeCommonOrText(converted.array(), 0, localEnd, end, out);
    } else {
      out.writeString(text, from, to);
    }
  }

  /** Writes ISO-8601 if what stands before the zone is a common date and time, else the text. */
  private void writeCommonOrText(byte[] text, int from, int localEnd, int to, JsonBuffer out) {
    if (!isCommon(text, from, localEnd)) {
      out.writeString(text, from, to);
      return;
    }
    int at = out.reserve(TEMPLATE.length + FRACTION_DIGITS + 4);
    int start = at;
    byte[] target = out.array();
    target[at] = '"';
    System.arraycopy(text, from, target, at + 1, TEMPLATE.length);
    target[at + 1 + DATE_LENGTH] = 'T';
    at += 1 + TEMPLATE.length;
    target[at++] = '.';
    int fraction = from + TEMPLATE.length + 1;
    for (int i = 0; i < FRACTION_DIGITS; i++) {
      target[at++] = fraction + i < localEnd ? text[fraction + i] : (byte) '0';
    }
    if (zoned) {
      target[at++] = 'Z';
    }
    target[at++] = '"';
    out.advance(at - start);
  }

  /** Whether the text is {@code yyyy-mm-dd hh:mm:ss}, perhaps with one to six more digits. */
  private static boolean isCommon(byte[] text, int from, int to) {
    int length = to - from;
    if (length < TEMPLATE.length || length > TEMPLATE.length + 1 + FRACTION_DIGITS) {
      return false;
    }
    for (int i = 0; i < TEMPLATE.length; i++) {
      byte b = text[from + i];
      if (TEMPLATE[i] == '0' ? !Ascii.isDigit(b) : b != TEMPLATE[i]) {
        return false;
      }
    }
    if (length == TEMPLATE.length) {
      return true;
    }
    int digits = from + TEMPLATE.length + 1;
    if (digits == to || text[digits - 1] != '.') {
      return false;
    }
    for (int i = digits; i < to; i++) {
      if (!Ascii.isDigit(text[i])) {
        return false;
      }
    }
    return true;
  }
}

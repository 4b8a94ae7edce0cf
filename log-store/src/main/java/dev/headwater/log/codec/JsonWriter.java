package dev.headwater.log.codec;

/** {@code json} and {@code jsonb}: nested, exactly as PostgreSQL prints them. */
final class JsonWriter implements ValueWriter {
  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    out.writeUtf8(text, from, to);
  }

  /** Whether a JSON text is the one value {@code null}, blanks around it aside. */
  static boolean isNull(byte[] text, int from, int to) {
    int start = from;
    int end = to;
    while (start < end && isBlank(text[start])) {
      start++;
    }
    while (end > start && isBlank(text[end - 1])) {
      end--;
    }
    return end - start == 4
        && text[start] == 'n'
        && text[start + 1] == 'u'
        && text[start + 2] == 'l'
        && text[start + 3] == 'l';
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }
}

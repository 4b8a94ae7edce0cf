package dev.headwater.log.codec;

/**
 * Reads the text of a PostgreSQL composite from left to right: {@code (1,,"a ""b""")}.
 *
 * <p>Used for value after value by one thread: {@link #start}, then {@link #next} for each field,
 * then {@link #isAtEnd}. The grammar is that of {@code record_in}.
 */
public final class PgTextRecord {
  private static final byte[] NO_TEXT = {};

  private final JsonBuffer unescaped = new JsonBuffer();
  private byte[] text = NO_TEXT;
  private int at;
  private int last;
  private byte[] slice = NO_TEXT;
  private int sliceFrom;
  private int sliceTo;

  /**
   * Begins with a composite's text, which must stay unchanged until it has been read.
   *
   * @throws IllegalArgumentException if it is not in parentheses
   */
  public void start(byte[] source, int from, int to) {
    if (to - from < 2 || source[from] != '(' || source[to - 1] != ')') {
      throw malformed();
    }
    text = source;
    at = from;
    last = to - 1;
  }

  /**
   * Goes on to the next field.
   *
   * @return whether it is not NULL; if so its text is the slice
   * @throws IllegalArgumentException if there is no further field
   */
  public boolean next() {
    if (at >= last) {
      throw malformed();
    }
    // The parenthesis before the first field, the comma before each other one.
    int from = ++at;
    if (at == last || text[at] == ',') {
      return false;
    }
    while (at < last && !isSpecial(text[at])) {
      at++;
    }
    if (at == last || text[at] == ',') {
      setSlice(text, from, at);
      return true;
    }
    if (at == from && text[at] == '"' && endsPlainly(from + 1)) {
      return true;
    }
    at = from;
    unescape();
    return true;
  }

  /** Whether all fields have been read. */
  public boolean isAtEnd() {
    return at == last;
  }

  /** The array the last field's slice lies in; valid until the next call. */
  public byte[] array() {
    return slice;
  }

  /** Where the slice begins. */
  public int from() {
    return sliceFrom;
  }

  /** Where the slice ends, exclusive. */
  public int to() {
    return sliceTo;
  }

  /** Takes a field that is quoted as a whole with nothing doubled inside; else changes nothing. */
  private boolean endsPlainly(int from) {
    int quote = from;
    while (quote < last && text[quote] != '"' && text[quote] != '\\') {
      quote++;
    }
    boolean plain =
        quote < last && text[quote] == '"' && (quote + 1 == last || text[quote + 1] == ',');
    if (plain) {
      setSlice(text, from, quote);
      at = quote + 1;
    }
    return plain;
  }

  private void unescape() {
    unescaped.release();
    boolean inQuotes = false;
    while (at < last && (inQuotes || text[at] != ',')) {
      byte b = text[at++];
      if (b == '"' && inQuotes && at < last && text[at] == '"') {
        unescaped.write(text[at++]);
      } else if (b == '"') {
        inQuotes = !inQuotes;
      } else if (b == '\\' && at < last) {
        unescaped.write(text[at++]);
      } else {
        unescaped.write(b);
      }
    }
    if (inQuotes) {
      throw malformed();
    }
    setSlice(unescaped.array(), 0, unescaped.size());
  }

  private static boolean isSpecial(byte b) {
    return b == ',' || b == '"' || b == '\\';
  }

  private void setSlice(byte[] array, int from, int to) {
    slice = array;
    sliceFrom = from;
    sliceTo = to;
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("its text is not that of a composite");
  }
}

package dev.headwater.log.codec;

/**
 * Reads the text of a PostgreSQL array from left to right: {@code {{1,NULL},{"a \"b\"",4}}}.
 *
 * <p>Used for value after value by one thread: {@link #start}, then {@link #next} until {@link
 * Token#END}. The grammar is that of {@code array_out}, which is what every server prints.
 */
public final class PgTextArray {
  /** What stands next in an array's text. */
  public enum Token {
    /** The beginning of the array, or of one of its dimensions. */
    OPEN,
    /** The end of what the last open {@link #OPEN} began. */
    CLOSE,
    /** An element that is not NULL; its text is the slice. */
    VALUE,
    /** An element that is NULL. */
    NULL,
    /** The text is at its end, the array complete. */
    END
  }

  private static final byte[] NO_TEXT = {};
  private static final byte[] NULL = Ascii.bytes("NULL");

  private final byte delimiter;
  private final JsonBuffer unescaped = new JsonBuffer();
  private byte[] text = NO_TEXT;
  private int at;
  private int end;
  private int depth;
  private boolean hasBounds;
  private boolean needsDelimiter;
  private byte[] slice = NO_TEXT;
  private int sliceFrom;
  private int sliceTo;

  /**
   * For arrays of one element type.
   *
   * @param delimiter what separates elements: the element type's {@code typdelim}
   */
  public PgTextArray(char delimiter) {
    this.delimiter = (byte) delimiter;
  }

  /**
   * Begins with an array's text, which must stay unchanged until it has been read.
   *
   * @throws IllegalArgumentException if the text begins like no array
   */
  public void start(byte[] source, int from, int to) {
    text = source;
    at = from;
    end = to;
    depth = 0;
    needsDelimiter = false;
    hasBounds = from < to && source[from] == '[';
    if (hasBounds) {
      while (at < end && text[at] != '{') {
        at++;
      }
    }
    if (at == end || text[at] != '{') {
      throw malformed();
    }
  }

  /** Whether bounds stand in front, {@code [0:1]={…}}: some dimension does not count from 1. */
  public boolean hasBounds() {
    return hasBounds;
  }

  /**
   * What stands next.
   *
   * @throws IllegalArgumentException if it is not what an array goes on with
   */
  public Token next() {
    if (at == end) {
      if (depth != 0) {
        throw malformed();
      }
      return Token.END;
    }
    byte b = text[at];
    if (b == '}') {
      return close();
    }
    if (needsDelimiter) {
      if (depth == 0 || b != delimiter || at + 1 == end) {
        throw malformed();
      }
      b = text[++at];
    }
    if (b == '{') {
      return open();
    }
    if (depth == 0) {
      throw malformed();
    }
    needsDelimiter = true;
    return b == '"' ? quoted() : plain();
  }

  /** The array the last {@link Token#VALUE}'s slice lies in; valid until the next call. */
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

  private Token open() {
    at++;
    depth++;
    needsDelimiter = false;
    return Token.OPEN;
  }

  private Token close() {
    if (depth == 0) {
      throw malformed();
    }
    at++;
    depth--;
    needsDelimiter = true;
    return Token.CLOSE;
  }

  private Token plain() {
    int from = at;
    while (at < end && text[at] != delimiter && text[at] != '}') {
      byte b = text[at];
      if (b == '"' || b == '\\' || b == '{') {
        throw malformed();
      }
      at++;
    }
    if (at == from || at == end) {
      throw malformed();
    }
    setSlice(text, from, at);
    return Ascii.equals(NULL, text, from, at) ? Token.NULL : Token.VALUE;
  }

  private Token quoted() {
    int from = ++at;
    while (at < end && text[at] != '"' && text[at] != '\\') {
      at++;
    }
    if (at < end && text[at] == '"') {
      setSlice(text, from, at++);
      return Token.VALUE;
    }
    unescaped.release();
    unescaped.write(text, from, at);
    while (at < end && text[at] != '"') {
      if (text[at] == '\\') {
        at++;
      }
      if (at < end) {
        unescaped.write(text[at++]);
      }
    }
    if (at == end) {
      throw malformed();
    }
    at++;
    setSlice(unescaped.array(), 0, unescaped.size());
    return Token.VALUE;
  }

  private void setSlice(byte[] array, int from, int to) {
    slice = array;
    sliceFrom = from;
    sliceTo = to;
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("its text is not that of an array");
  }
}

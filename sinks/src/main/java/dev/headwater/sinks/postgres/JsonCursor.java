package dev.headwater.sinks.postgres;

/**
 * Reads a row's JSON from left to right, byte by byte, without building anything: the bytes of a
 * nested value can be taken exactly as they stand, which a parser into objects could not give.
 *
 * <p>Used for row after row by one thread. It trusts the log to hold JSON; where it does not find
 * what it asks for it throws {@link IllegalArgumentException}, whose message holds no values.
 */
final class JsonCursor {
  private static final byte[] NOTHING = {};

  private byte[] json = NOTHING;
  private int at;
  private int from;
  private int to;

  /** Begins at the first byte of a JSON text. */
  void start(byte[] text) {
    json = text;
    at = 0;
  }

  /** Lets go of the text. */
  void release() {
    json = NOTHING;
  }

  /** What the next value or mark begins with, blanks skipped. */
  byte peek() {
    skipBlanks();
    if (at == json.length) {
      throw malformed("more");
    }
    return json[at];
  }

  /** Takes one mark. */
  void expect(char mark) {
    if (peek() != mark) {
      throw malformed("'" + mark + "'");
    }
    at++;
  }

  /** Takes one mark if it stands next. */
  boolean take(char mark) {
    if (peek() == mark) {
      at++;
      return true;
    }
    return false;
  }

  /** Takes {@code null} if it stands next; blanks before it are only skipped if it does. */
  boolean takeNull() {
    int start = at;
    skipBlanks();
    if (at + 4 <= json.length
        && json[at] == 'n'
        && json[at + 1] == 'u'
        && json[at + 2] == 'l'
        && json[at + 3] == 'l') {
      at += 4;
      return true;
    }
    at = start;
    return false;
  }

  /** Whether the bytes that stand next are these, and takes them if so. */
  boolean takeBytes(byte[] expected) {
    int end = at + expected.length;
    if (end > json.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if (json[at + i] != expected[i]) {
        return false;
      }
    }
    at = end;
    return true;
  }

  /**
   * Takes one whole value with the blanks around it, up to the mark that follows it: its bytes are
   * the slice of {@link #array()} between {@link #from()} and {@link #to()}.
   */
  void takeRaw() {
    from = at;
    skipBlanks();
    int depth = 0;
    while (at < json.length) {
      byte b = json[at];
      if (b == '"') {
        skipString();
        continue;
      }
      if (b == '{' || b == '[') {
        depth++;
      } else if (b == '}' || b == ']') {
        if (depth == 0) {
          break;
        }
        depth--;
      } else if (b == ',' && depth == 0) {
        break;
      }
      at++;
    }
    if (depth != 0 || at == from) {
      throw malformed("a value");
    }
    to = at;
  }

  /** Takes a number or word as it stands; its bytes are the slice. */
  void takeToken() {
    skipBlanks();
    from = at;
    while (at < json.length && isTokenByte(json[at])) {
      at++;
    }
    if (at == from) {
      throw malformed("a value");
    }
    to = at;
  }

  /** Takes a string and appends what it stands for, in UTF-8. */
  void takeString(TextBuffer out) {
    expect('"');
    int start = at;
    while (true) {
      if (at == json.length) {
        throw malformed("the end of a string");
      }
      byte b = json[at];
      if (b == '"') {
        out.write(json, start, at);
        at++;
        return;
      }
      if (b == '\\') {
        out.write(json, start, at);
        at++;
        takeEscape(out);
        start = at;
      } else {
        at++;
      }
    }
  }

  byte[] array() {
    return json;
  }

  int from() {
    return from;
  }

  int to() {
    return to;
  }

  private void takeEscape(TextBuffer out) {
    if (at == json.length) {
      throw malformed("the end of a string");
    }
    byte letter = json[at++];
    switch (letter) {
      case '"', '\\', '/' -> out.write(letter);
      case 'n' -> out.write('\n');
      case 'r' -> out.write('\r');
      case 't' -> out.write('\t');
      case 'b' -> out.write('\b');
      case 'f' -> out.write('\f');
      case 'u' -> takeUnicode(out);
      default -> throw malformed("an escape");
    }
  }

  private void takeUnicode(TextBuffer out) {
    int unit = takeHex();
    if (Character.isHighSurrogate((char) unit)
        && at + 2 <= json.length
        && json[at] == '\\'
        && json[at + 1] == 'u') {
      at += 2;
      out.writeCodePoint(Character.toCodePoint((char) unit, (char) takeHex()));
    } else {
      out.writeCodePoint(unit);
    }
  }

  private int takeHex() {
    if (at + 4 > json.length) {
      throw malformed("four hexadecimal digits");
    }
    int value = 0;
    for (int end = at + 4; at < end; at++) {
      int digit = Character.digit(json[at], 16);
      if (digit < 0) {
        throw malformed("four hexadecimal digits");
      }
      value = value << 4 | digit;
    }
    return value;
  }

  private void skipString() {
    at++;
    while (at < json.length && json[at] != '"') {
      at += json[at] == '\\' ? 2 : 1;
    }
    if (at >= json.length) {
      throw malformed("the end of a string");
    }
    at++;
  }

  private void skipBlanks() {
    while (at < json.length && isBlank(json[at])) {
      at++;
    }
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private static boolean isTokenByte(byte b) {
    return b != ',' && b != '}' && b != ']' && b != '{' && b != '[' && b != '"' && !isBlank(b);
  }

  private IllegalArgumentException malformed(String expected) {
    return new IllegalArgumentException(
        "its JSON is not as expected at byte " + at + ", where " + expected + " should stand");
  }
}

package dev.headwater.sinks;

import java.util.Arrays;

/**
 * Walks the members of one JSON object in the log's bytes and says where each name and value
 * stands, without making an object of any of them. Members of nested objects are passed over.
 *
 * <p>The bytes are valid JSON, as the codec wrote them; what is not ends in an {@link
 * IllegalArgumentException} or {@link ArrayIndexOutOfBoundsException}, never in a wrong answer
 * about valid bytes. Used by one thread, once.
 *
 * <pre>{@code
 * JsonFields fields = new JsonFields(row);
 * while (fields.next()) { … fields.isNamed(name) … fields.text() … }
 * }</pre>
 */
public final class JsonFields {
  private final byte[] json;
  private int at;
  private int nameFrom;
  private int nameTo;
  private int valueFrom;
  private int valueTo;

  public JsonFields(byte[] json) {
    this.json = json;
    skipBlanks();
    expect('{');
  }

  /** Goes to the next member; false after the last. */
  public boolean next() {
    skipBlanks();
    if (json[at] == '}') {
      return false;
    }
    if (json[at] == ',') {
      at++;
      skipBlanks();
    }
    nameFrom = at + 1;
    skipString();
    nameTo = at - 1;
    skipBlanks();
    expect(':');
    skipBlanks();
    valueFrom = at;
    skipValue();
    valueTo = at;
    return true;
  }

  /** Whether the member has this name, given as UTF-8. */
  public boolean isNamed(byte[] name) {
    return Arrays.equals(json, nameFrom, nameTo, name, 0, name.length)
        || (hasEscape(nameFrom, nameTo) && Arrays.equals(name(), name));
  }

  /** The member's name as UTF-8. */
  public byte[] name() {
    return unescaped(nameFrom, nameTo);
  }

  /** Where the name starts, its quote included. */
  public int nameFrom() {
    return nameFrom - 1;
  }

  /** Where the name ends, exclusive, its quote included. */
  public int nameTo() {
    return nameTo + 1;
  }

  /** Whether the value is {@code null}. */
  public boolean isNull() {
    return json[valueFrom] == 'n';
  }

  /** The value as text, UTF-8: a string's characters, anything else as it stands in JSON. */
  public byte[] text() {
    return json[valueFrom] == '"'
        ? unescaped(valueFrom + 1, valueTo - 1)
        : Arrays.copyOfRange(json, valueFrom, valueTo);
  }

  /** The value as it stands, a string with its quotes. */
  public byte[] raw() {
    return Arrays.copyOfRange(json, valueFrom, valueTo);
  }

  private void skipValue() {
    byte first = json[at];
    if (first == '"') {
      skipString();
    } else if (first == '{' || first == '[') {
      skipNested();
    } else {
      while (!endsScalar(json[at])) {
        at++;
      }
    }
  }

  private void skipNested() {
    int depth = 0;
    do {
      byte c = json[at];
      if (c == '"') {
        skipString();
        continue;
      }
      if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        depth--;
      }
      at++;
    } while (depth > 0);
  }

  private void skipString() {
    expect('"');
    while (json[at] != '"') {
      at += json[at] == '\\' ? 2 : 1;
    }
    at++;
  }

  private void skipBlanks() {
    while (json[at] == ' ' || json[at] == '\n' || json[at] == '\t' || json[at] == '\r') {
      at++;
    }
  }

  private static boolean endsScalar(byte c) {
    return c == ',' || c == '}' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
  }

  private void expect(char c) {
    if (json[at] != c) {
      throw new IllegalArgumentException(
          "expected '" + c + "' at byte " + at + " of a JSON object");
    }
    at++;
  }

  private boolean hasEscape(int from, int to) {
    for (int i = from; i < to; i++) {
      if (json[i] == '\\') {
        return true;
      }
    }
    return false;
  }

  private byte[] unescaped(int from, int to) {
    if (!hasEscape(from, to)) {
      return Arrays.copyOfRange(json, from, to);
    }
    // An escape is never shorter than what it stands for.
    byte[] out = new byte[to - from];
    int size = 0;
    int i = from;
    while (i < to) {
      byte c = json[i++];
      if (c != '\\') {
        out[size++] = c;
        continue;
      }
      byte kind = json[i++];
      if (kind != 'u') {
        out[size++] = plain(kind);
        continue;
      }
      int codePoint = hex(i);
      i += 4;
      if (Character.isHighSurrogate((char) codePoint) && i + 6 <= to && json[i + 1] == 'u') {
        codePoint = Character.toCodePoint((char) codePoint, (char) hex(i + 2));
        i += 6;
      }
      size = putUtf8(codePoint, out, size);
    }
    return Arrays.copyOf(out, size);
  }

  private static byte plain(byte escape) {
    return switch (escape) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'b' -> '\b';
      case 'f' -> '\f';
      default -> escape;
    };
  }

  private int hex(int from) {
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      value = value << 4 | Character.digit(json[i], 16);
    }
    return value;
  }

  private static int putUtf8(int c, byte[] out, int size) {
    int at = size;
    if (c < 0x80) {
      out[at++] = (byte) c;
    } else if (c < 0x800) {
      out[at++] = (byte) (0xC0 | c >> 6);
      out[at++] = (byte) (0x80 | c & 0x3F);
    } else if (c < 0x10000) {
      out[at++] = (byte) (0xE0 | c >> 12);
      out[at++] = (byte) (0x80 | c >> 6 & 0x3F);
      out[at++] = (byte) (0x80 | c & 0x3F);
    } else {
      out[at++] = (byte) (0xF0 | c >> 18);
      out[at++] = (byte) (0x80 | c >> 12 & 0x3F);
      out[at++] = (byte) (0x80 | c >> 6 & 0x3F);
      out[at++] = (byte) (0x80 | c & 0x3F);
    }
    return at;
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Kind;
import java.util.Arrays;
import java.util.Objects;

/**
 * Nested JSON arrays back to the text of {@code array_out}, quoted just where PostgreSQL quotes. A
 * JSON string is that text already: an array whose bounds do not count from 1, say.
 */
final class ArrayForm implements TextForm {
  private final TextForm element;
  private final byte delimiter;
  private final boolean elementsMayBeArrays;

  ArrayForm(PgType array, EnumLabels labels) {
    PgType elementType = Objects.requireNonNull(array.element());
    PgType base = elementType.withoutDomains();
    this.element = TextForms.forType(elementType, labels);
    this.delimiter = (byte) elementType.delimiter();
    this.elementsMayBeArrays =
        base.kind() == Kind.ARRAY || base.name().equals("json") || base.name().equals("jsonb");
  }

  @Override
  public void write(JsonCursor json, TextBuffer out) {
    if (json.peek() == '"') {
      json.takeString(out);
    } else {
      writeDimension(json, out);
    }
  }

  private void writeDimension(JsonCursor json, TextBuffer out) {
    json.expect('[');
    out.write('{');
    boolean first = true;
    while (!json.take(']')) {
      if (!first) {
        json.expect(',');
        out.write(delimiter);
      }
      first = false;
      writeElement(json, out);
    }
    out.write('}');
  }

  private void writeElement(JsonCursor json, TextBuffer out) {
    if (json.takeNull()) {
      out.writeAscii("NULL");
    } else if (!elementsMayBeArrays && json.peek() == '[') {
      writeDimension(json, out);
    } else {
      int begin = out.size();
      element.write(json, out);
      if (needsQuotes(out, begin)) {
        quote(out, begin);
      }
    }
  }

  private boolean needsQuotes(TextBuffer text, int from) {
    if (text.size() == from || isNullWord(text, from)) {
      return true;
    }
    byte[] bytes = text.array();
    for (int i = from; i < text.size(); i++) {
      byte b = bytes[i];
      if (b == delimiter
          || b == '"'
          || b == '\\'
          || b == '{'
          || b == '}'
          || b == ' '
          || (b >= '\t' && b <= '\r')) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNullWord(TextBuffer text, int from) {
    return text.size() - from == 4 && text.string(from, text.size()).equalsIgnoreCase("NULL");
  }

  private static void quote(TextBuffer text, int from) {
    byte[] plain = Arrays.copyOfRange(text.array(), from, text.size());
    text.truncate(from);
    text.write('"');
    for (byte b : plain) {
      if (b == '"' || b == '\\') {
        text.write('\\');
      }
      text.write(b);
    }
    text.write('"');
  }
}

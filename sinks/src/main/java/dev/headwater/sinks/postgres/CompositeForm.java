package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import java.util.Arrays;
import java.util.List;

/**
 * A JSON object back to the text of {@code record_out}, field by field in order, quoted just where
 * PostgreSQL quotes. A JSON string is that text already.
 */
final class CompositeForm implements TextForm {
  private final byte[][] names;
  private final TextForm[] forms;

  CompositeForm(PgType composite, EnumLabels labels) {
    List<Field> fields = composite.fields();
    names = new byte[fields.size()][];
    forms = new TextForm[fields.size()];
    for (int i = 0; i < forms.length; i++) {
      names[i] = MemberNames.withColon(fields.get(i).name());
      forms[i] = TextForms.forType(fields.get(i).type(), labels);
    }
  }

  @Override
  public void write(JsonCursor json, TextBuffer out) {
    if (json.peek() == '"') {
      json.takeString(out);
      return;
    }
    json.expect('{');
    out.write('(');
    for (int i = 0; i < forms.length; i++) {
      if (i > 0) {
        json.expect(',');
        out.write(',');
      }
      if (!json.takeBytes(names[i])) {
        throw new IllegalArgumentException("a composite with other fields than its type has");
      }
      if (!json.takeNull()) {
        int begin = out.size();
        forms[i].write(json, out);
        if (needsQuotes(out, begin)) {
          quote(out, begin);
        }
      }
    }
    json.expect('}');
    out.write(')');
  }

  private static boolean needsQuotes(TextBuffer text, int from) {
    byte[] bytes = text.array();
    for (int i = from; i < text.size(); i++) {
      byte b = bytes[i];
      if (b == '"'
          || b == '\\'
          || b == '('
          || b == ')'
          || b == ','
          || b == ' '
          || (b >= '\t' && b <= '\r')) {
        return true;
      }
    }
    return text.size() == from;
  }

  private static void quote(TextBuffer text, int from) {
    byte[] plain = Arrays.copyOfRange(text.array(), from, text.size());
    text.truncate(from);
    text.write('"');
    for (byte b : plain) {
      if (b == '"' || b == '\\') {
        text.write(b);
      }
      text.write(b);
    }
    text.write('"');
  }
}

package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import java.util.List;

/**
 * A composite as a JSON object of its fields in order.
 *
 * <p>Its PostgreSQL text as one JSON string where an object would lose something: a JSON {@code
 * null} in a field of {@code json}, or other fields than the type had when it was read.
 */
final class CompositeWriter implements ValueWriter {
  private static final byte[] NULL = Ascii.bytes("null");

  private final PgTextRecord parser = new PgTextRecord();
  private final ValueWriter asText = new TextWriter();
  private final byte[][] names;
  private final ValueWriter[] writers;
  private final boolean[] isJson;

  CompositeWriter(PgType composite) {
    List<Field> fields = composite.fields();
    names = new byte[fields.size()][];
    writers = new ValueWriter[fields.size()];
    isJson = new boolean[fields.size()];
    for (int i = 0; i < fields.size(); i++) {
      Field field = fields.get(i);
      names[i] = JsonNames.withColon(field.name());
      writers[i] = ValueWriters.forType(field.type());
      isJson[i] = ValueWriters.isJson(field.type());
    }
  }

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    int begin = out.size();
    if (!writeObject(text, from, to, out)) {
      out.truncate(begin);
      asText.write(text, from, to, out);
    }
  }

  private boolean writeObject(byte[] text, int from, int to, JsonBuffer out) {
    try {
      parser.start(text, from, to);
      return writeFields(out);
    } catch (IllegalArgumentException unlikeItsType) {
      // Text of an unforeseen shape is kept as it is rather than lost.
      return false;
    }
  }

  private boolean writeFields(JsonBuffer out) {
    out.write('{');
    for (int i = 0; i < writers.length; i++) {
      if (i > 0) {
        out.write(',');
      }
      out.write(names[i]);
      if (!parser.next()) {
        out.write(NULL);
      } else if (isJson[i] && JsonWriter.isNull(parser.array(), parser.from(), parser.to())) {
        return false;
      } else {
        writers[i].write(parser.array(), parser.from(), parser.to(), out);
      }
    }
    out.write('}');
    // A type without fields prints "()", and nothing has been read of it.
    return writers.length == 0 || parser.isAtEnd();
  }
}

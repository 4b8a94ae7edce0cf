package dev.headwater.log.codec;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Names as JSON, made once when a schema is met and used for every row. */
final class JsonNames {
  private JsonNames() {}

  /** A member's name with quotes and colon, ready to be followed by its value. */
  static byte[] withColon(String name) {
    JsonBuffer buffer = new JsonBuffer();
    append(name, buffer);
    buffer.write(':');
    return buffer.toByteArray();
  }

  /** A JSON array of strings. */
  static String array(List<String> names) {
    JsonBuffer buffer = new JsonBuffer();
    buffer.write('[');
    for (int i = 0; i < names.size(); i++) {
      if (i > 0) {
        buffer.write(',');
      }
      append(names.get(i), buffer);
    }
    buffer.write(']');
    return new String(buffer.toByteArray(), StandardCharsets.UTF_8);
  }

  private static void append(String name, JsonBuffer buffer) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    buffer.writeString(utf8, 0, utf8.length);
  }
}

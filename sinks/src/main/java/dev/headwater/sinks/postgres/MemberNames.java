package dev.headwater.sinks.postgres;

import dev.headwater.log.codec.JsonBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** Names as members of the log's JSON objects have them. */
final class MemberNames {
  private MemberNames() {}

  /** A member's name with its quotes and colon, byte for byte as the log's encoder writes it. */
  static byte[] withColon(String name) {
    JsonBuffer buffer = new JsonBuffer();
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    buffer.writeString(utf8, 0, utf8.length);
    buffer.write(':');
    return buffer.toByteArray();
  }

  /** The names in a JSON array of strings, such as the {@code nulls} header. */
  static Set<String> parseArray(String json) {
    JsonCursor cursor = new JsonCursor();
    cursor.start(json.getBytes(StandardCharsets.UTF_8));
    TextBuffer text = new TextBuffer();
    Set<String> names = new HashSet<>();
    cursor.expect('[');
    while (!cursor.take(']')) {
      if (!names.isEmpty()) {
        cursor.expect(',');
      }
      text.reset();
      cursor.takeString(text);
      names.add(text.string(0, text.size()));
    }
    return names;
  }
}

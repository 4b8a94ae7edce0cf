package dev.headwater.sinks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Names rows in a target: {@code customer:{id}} and the like.
 *
 * <p>Distinct keys always get distinct names: a template uses all key columns and only these, no
 * two placeholders touch, and inside a value the percent sign and every character that occurs in
 * the template's own text are written as {@code %XX}. Immutable.
 */
public final class KeyTemplate {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String TABLE = "table";

  private final String text;

  /** Literal, placeholder, literal, placeholder, …, literal. */
  private final List<String> parts;

  private final boolean[] escaped = new boolean[128];

  /**
   * @throws IllegalArgumentException if the template has no placeholder, two that touch, or an open
   *     brace
   */
  public KeyTemplate(String text) {
    this.text = text;
    this.parts = parse(text);
    escaped['%'] = true;
    for (int i = 0; i < parts.size(); i += 2) {
      parts.get(i).chars().filter(c -> c < 128).forEach(c -> escaped[c] = !isWordCharacter(c));
    }
    escaped['%'] = true;
  }

  private static boolean isWordCharacter(int c) {
    return Character.isLetterOrDigit(c);
  }

  private static List<String> parse(String text) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', from)) {
      int close = text.indexOf('}', open);
      if (close < 0) {
        throw new IllegalArgumentException("the brace at character " + (open + 1) + " is open");
      }
      String literal = text.substring(from, open);
      if (!parts.isEmpty() && literal.chars().allMatch(KeyTemplate::isWordCharacter)) {
        throw new IllegalArgumentException(
            "placeholders need a separator between them that is no letter or digit, e.g. ':'");
      }
      parts.add(literal);
      parts.add(text.substring(open + 1, close));
      from = close + 1;
    }
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("it has no placeholder, such as {id}");
    }
    parts.add(text.substring(from));
    return parts;
  }

  /** Refuses a table whose key columns are not just the template's placeholders. */
  public void requireFits(String sink, TableSchema schema) {
    TreeSet<String> named = new TreeSet<>();
    for (int i = 1; i < parts.size(); i += 2) {
      named.add(parts.get(i));
    }
    named.remove(TABLE);
    if (!named.equals(new TreeSet<>(schema.key()))) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "sink '"
              + sink
              + "' – key template '"
              + text
              + "' names "
              + named
              + ", but the key of "
              + schema.table()
              + " is "
              + schema.key(),
          "Use all key columns and only these, for instance '"
              + schema.table().name()
              + ":"
              + String.join(":", schema.key().stream().map(c -> "{" + c + "}").toList())
              + "'.");
    }
  }

  /**
   * The name of a row.
   *
   * @param key its canonical key bytes
   */
  public byte[] name(TableId table, byte[] key) {
    Map<String, String> values = new HashMap<>();
    try (JsonParser parser = JSON.createParser(key)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String column = parser.currentName();
        parser.nextToken();
        values.put(column, scalar(parser, key));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      boolean isLiteral = i % 2 == 0;
      if (isLiteral) {
        name.append(parts.get(i));
      } else if (parts.get(i).equals(TABLE) && !values.containsKey(TABLE)) {
        append(name, table.inSource());
      } else {
        append(name, values.getOrDefault(parts.get(i), ""));
      }
    }
    return name.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String scalar(JsonParser parser, byte[] key) throws IOException {
    if (!parser.currentToken().isStructStart()) {
      return parser.getText();
    }
    int from = (int) parser.currentTokenLocation().getByteOffset();
    parser.skipChildren();
    int to = (int) parser.currentLocation().getByteOffset();
    return new String(key, from, to - from, StandardCharsets.UTF_8);
  }

  private void append(StringBuilder name, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < 128 && escaped[c]) {
        name.append('%').append(HexFormat.of().withUpperCase().toHexDigits((byte) c));
      } else {
        name.append(c);
      }
    }
  }

  @Override
  public String toString() {
    return text;
  }
}

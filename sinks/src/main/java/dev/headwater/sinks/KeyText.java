package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.codec.JsonBuffer;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Puts a row's key together again from the text of its columns as it stands in a target's name: the
 * way back from {@link JsonFields#text}.
 *
 * <p>A text that the column's type never has ({@code abc} for a number) makes no key: such a name
 * was given by somebody else. Where a type's texts cannot be told so easily any text will do.
 */
public final class KeyText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,18}");
  private static final Pattern FLOAT =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
  private static final Pattern NUMERIC = Pattern.compile("-?[0-9]+(\\.[0-9]+)?|NaN|-?Infinity");
  private static final Pattern UUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  private static final Pattern TIME = Pattern.compile("-?[0-9]{2,}[-:].*|-?infinity");

  private KeyText() {}

  /**
   * The key's canonical JSON.
   *
   * @param texts by column name; others than the key's are passed over
   * @return empty where a column is missing or its text is none of its type
   */
  public static Optional<byte[]> json(TableSchema schema, Map<String, byte[]> texts) {
    JsonBuffer key = new JsonBuffer();
    for (int i = 0; i < schema.key().size(); i++) {
      String name = schema.key().get(i);
      ColumnSchema column = schema.columns().get(schema.indexOf(name));
      byte[] text = texts.get(name);
      if (text == null) {
        return Optional.empty();
      }
      key.write(i == 0 ? '{' : ',');
      writeString(name.getBytes(UTF_8), key);
      key.write(':');
      if (!write(column.type().withoutDomains(), text, key)) {
        return Optional.empty();
      }
    }
    key.write('}');
    return Optional.of(key.toByteArray());
  }

  private static boolean write(PgType type, byte[] text, JsonBuffer out) {
    String value = new String(text, UTF_8);
    if (type.kind() == PgType.Kind.BASE) {
      switch (type.name()) {
        case "int2":
          return number(value, 15, out);
        case "int4":
          return number(value, 31, out);
        case "int8":
          return number(value, 63, out);
        case "oid":
          return !value.startsWith("-") && number(value, 32, out);
        case "float4", "float8":
          return FLOAT.matcher(value).matches() ? raw(text, out) : special(value, out);
        case "bool":
          return (value.equals("true") || value.equals("false")) && raw(text, out);
        case "json", "jsonb":
          return isJson(text) && raw(text, out);
        case "numeric":
          return NUMERIC.matcher(value).matches() && string(text, out);
        case "uuid":
          return UUID.matcher(value).matches() && string(text, out);
        case "date", "timestamp", "timestamptz", "time", "timetz":
          return TIME.matcher(value).matches() && string(text, out);
        default:
          return string(text, out);
      }
    }
    boolean isNested =
        (type.kind() == PgType.Kind.ARRAY || type.kind() == PgType.Kind.COMPOSITE) && isJson(text);
    return isNested ? raw(text, out) : string(text, out);
  }

  private static boolean number(String value, int bits, JsonBuffer out) {
    if (!INTEGER.matcher(value).matches() || new BigInteger(value).bitLength() > bits) {
      return false;
    }
    return raw(value.getBytes(UTF_8), out);
  }

  private static boolean special(String value, JsonBuffer out) {
    return (value.equals("NaN") || value.equals("Infinity") || value.equals("-Infinity"))
        && string(value.getBytes(UTF_8), out);
  }

  private static boolean raw(byte[] text, JsonBuffer out) {
    out.write(text);
    return true;
  }

  private static boolean string(byte[] text, JsonBuffer out) {
    try {
      writeString(text, out);
      return true;
    } catch (IllegalArgumentException e) {
      // Not UTF-8: no key of the log.
      return false;
    }
  }

  private static void writeString(byte[] text, JsonBuffer out) {
    out.writeString(text, 0, text.length);
  }

  private static boolean isJson(byte[] text) {
    try {
      return text.length > 0 && JSON.readTree(text) != null;
    } catch (IOException e) {
      return false;
    }
  }
}

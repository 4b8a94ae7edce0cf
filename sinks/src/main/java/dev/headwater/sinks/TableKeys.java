package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.headwater.log.codec.JsonBuffer;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A table's keys out of the texts of their columns as they stand in a target's names, in the log's
 * canonical form: what {@link JsonFields#text} took apart is put together again. Immutable; any
 * thread.
 *
 * <p>A text that the column's type never has ({@code abc} for a number) makes no key: such a name
 * was given by somebody else. Where a type's texts cannot be told so easily any text will do.
 *
 * @param table whose keys
 * @param columns the key's columns in key order
 * @param forms what each column's values look like in JSON
 */
public record TableKeys(TableId table, List<String> columns, List<Form> forms) {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,18}");
  private static final Pattern FLOAT =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
  private static final Pattern NUMERIC = Pattern.compile("-?[0-9]+(\\.[0-9]+)?|NaN|-?Infinity");
  private static final Pattern UUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  private static final Pattern TIME = Pattern.compile("-?[0-9]{2,}[-:].*|-?infinity");

  /** What the values of a column look like. */
  public enum Form {
    /** Whole numbers of 16 bits. */
    INT2,
    /** Whole numbers of 32 bits. */
    INT4,
    /** Whole numbers of 64 bits. */
    INT8,
    /** Whole numbers of 32 bits without a sign. */
    OID,
    /** Numbers, or the strings for what is none. */
    FLOAT,
    /** true or false. */
    BOOLEAN,
    /** Any JSON, or strings. */
    JSON,
    /** JSON arrays and objects, or strings. */
    NESTED,
    /** Strings of decimal digits, or for what is no number. */
    NUMERIC,
    /** Strings of hexadecimal digits. */
    UUID,
    /** Strings that begin with the digits of a date or a time. */
    TIME,
    /** Strings. */
    STRING
  }

  public TableKeys {
    columns = List.copyOf(columns);
    forms = List.copyOf(forms);
  }

  /** The keys of a table. */
  public static TableKeys of(TableSchema schema) {
    List<Form> forms =
        schema.key().stream()
            .map(name -> form(schema.columns().get(schema.indexOf(name)).type()))
            .toList();
    return new TableKeys(schema.table(), schema.key(), forms);
  }

  private static Form form(PgType type) {
    PgType base = type.withoutDomains();
    return switch (base.kind()) {
      case ARRAY, COMPOSITE -> Form.NESTED;
      case BASE ->
          switch (base.name()) {
            case "int2" -> Form.INT2;
            case "int4" -> Form.INT4;
            case "int8" -> Form.INT8;
            case "oid" -> Form.OID;
            case "float4", "float8" -> Form.FLOAT;
            case "bool" -> Form.BOOLEAN;
            case "json", "jsonb" -> Form.JSON;
            case "numeric" -> Form.NUMERIC;
            case "uuid" -> Form.UUID;
            case "date", "timestamp", "timestamptz", "time", "timetz" -> Form.TIME;
            default -> Form.STRING;
          };
      default -> Form.STRING;
    };
  }

  /**
   * The key of these column texts.
   *
   * @param texts by column, UTF-8; others than the key's are passed over
   * @return empty if a column is missing or its text is none of its type
   */
  public Optional<byte[]> key(Map<String, byte[]> texts) {
    JsonBuffer out = new JsonBuffer();
    for (int i = 0; i < columns.size(); i++) {
      byte[] name = columns.get(i).getBytes(UTF_8);
      byte[] text = texts.get(columns.get(i));
      if (text == null) {
        return Optional.empty();
      }
      out.write(i == 0 ? '{' : ',');
      out.writeString(name, 0, name.length);
      out.write(':');
      if (!write(forms.get(i), text, out)) {
        return Optional.empty();
      }
    }
    out.write('}');
    return Optional.of(out.toByteArray());
  }

  private static boolean write(Form form, byte[] text, JsonBuffer out) {
    String value = new String(text, UTF_8);
    return switch (form) {
      case INT2 -> isInteger(value, 15) && raw(text, out);
      case INT4 -> isInteger(value, 31) && raw(text, out);
      case INT8 -> isInteger(value, 63) && raw(text, out);
      case OID -> !value.startsWith("-") && isInteger(value, 32) && raw(text, out);
      case FLOAT ->
          FLOAT.matcher(value).matches()
              ? raw(text, out)
              : value.matches("NaN|-?Infinity") && string(text, out);
      case BOOLEAN -> (value.equals("true") || value.equals("false")) && raw(text, out);
      case JSON -> isJson(text) ? raw(text, out) : string(text, out);
      // An array with bounds of its own is a string: [0:1]={7,8}.
      case NESTED ->
          (value.startsWith("[") || value.startsWith("{")) && isJson(text)
              ? raw(text, out)
              : string(text, out);
      case NUMERIC -> NUMERIC.matcher(value).matches() && string(text, out);
      case UUID -> UUID.matcher(value).matches() && string(text, out);
      case TIME -> TIME.matcher(value).matches() && string(text, out);
      case STRING -> string(text, out);
    };
  }

  private static boolean isInteger(String value, int bits) {
    return INTEGER.matcher(value).matches() && new BigInteger(value).bitLength() <= bits;
  }

  private static boolean raw(byte[] text, JsonBuffer out) {
    out.write(text);
    return true;
  }

  private static boolean string(byte[] text, JsonBuffer out) {
    try {
      out.writeString(text, 0, text.length);
      return true;
    } catch (IllegalArgumentException e) {
      // Not UTF-8: no key of the log.
      return false;
    }
  }

  private static boolean isJson(byte[] text) {
    try {
      return text.length > 0 && !JSON.readTree(text).isMissingNode();
    } catch (IOException e) {
      return false;
    }
  }

  /** As one line of JSON, to be kept in a target; {@link #parse} reads it. */
  public String toJson() {
    var json = JSON.createObjectNode();
    json.putArray("table").add(table.connector()).add(table.schema()).add(table.name());
    var key = json.putObject("key");
    for (int i = 0; i < columns.size(); i++) {
      key.put(columns.get(i), forms.get(i).name());
    }
    return json.toString();
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static TableKeys parse(String text) {
    try {
      var json = JSON.readTree(text);
      var table = json.path("table");
      List<String> columns = new ArrayList<>();
      List<Form> forms = new ArrayList<>();
      json.path("key")
          .properties()
          .forEach(
              e -> {
                columns.add(e.getKey());
                forms.add(Form.valueOf(e.getValue().asText()));
              });
      return new TableKeys(
          new TableId(table.path(0).asText(), table.path(1).asText(), table.path(2).asText()),
          columns,
          forms);
    } catch (IOException e) {
      throw new IllegalArgumentException("not the key of a table: " + text, e);
    }
  }
}

package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.codec.JsonBuffer;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A table's keys out of the texts of their columns, in the log's canonical form: what {@link
 * JsonFields#text} took apart is put together again. Immutable; any thread.
 *
 * @param table whose keys
 * @param columns the key's columns in key order
 * @param forms what each column's values look like in JSON
 */
public record TableKeys(TableId table, List<String> columns, List<Form> forms) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]*");
  private static final Pattern NUMBER =
      Pattern.compile("-?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?");

  /** What the values of a column look like. */
  public enum Form {
    /** Whole numbers. */
    INTEGER,
    /** Numbers, or the strings for what is none. */
    FLOAT,
    /** true or false. */
    BOOLEAN,
    /** JSON arrays and objects, or strings. */
    NESTED,
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
            case "int2", "int4", "int8", "oid" -> Form.INTEGER;
            case "float4", "float8" -> Form.FLOAT;
            case "bool" -> Form.BOOLEAN;
            case "json", "jsonb" -> Form.NESTED;
            default -> Form.STRING;
          };
      default -> Form.STRING;
    };
  }

  /**
   * The key of these column texts.
   *
   * @param texts in key order, UTF-8
   * @return empty if a text cannot be one of its column's
   */
  public Optional<byte[]> key(byte[][] texts) {
    JsonBuffer out = new JsonBuffer();
    out.write('{');
    for (int i = 0; i < texts.length; i++) {
      if (i > 0) {
        out.write(',');
      }
      byte[] name = columns.get(i).getBytes(UTF_8);
      out.writeString(name, 0, name.length);
      out.write(':');
      Optional<Boolean> isString = isString(forms.get(i), texts[i]);
      if (isString.isEmpty()) {
        return Optional.empty();
      }
      if (!isString.get()) {
        out.write(texts[i]);
        continue;
      }
      try {
        out.writeString(texts[i], 0, texts[i].length);
      } catch (IllegalArgumentException e) {
        // Bytes that are no UTF-8 are no text of ours.
        return Optional.empty();
      }
    }
    out.write('}');
    return Optional.of(out.toByteArray());
  }

  /** Whether the text stands between quotes; empty if it cannot be there at all. */
  private static Optional<Boolean> isString(Form form, byte[] bytes) {
    if (form == Form.STRING) {
      return Optional.of(true);
    }
    String text = new String(bytes, UTF_8);
    return switch (form) {
      case INTEGER -> INTEGER.matcher(text).matches() ? Optional.of(false) : Optional.empty();
      case BOOLEAN ->
          text.equals("true") || text.equals("false") ? Optional.of(false) : Optional.empty();
      case FLOAT -> Optional.of(!NUMBER.matcher(text).matches());
      default -> Optional.of(!isNested(text));
    };
  }

  private static boolean isNested(String text) {
    if (!text.startsWith("[") && !text.startsWith("{")) {
      return false;
    }
    try {
      JSON.readTree(text);
      return true;
    } catch (IOException e) {
      // An array with bounds of its own is a string: [0:1]={7,8}.
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

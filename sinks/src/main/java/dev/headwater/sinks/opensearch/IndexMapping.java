package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a table's columns are indexed.
 *
 * <p>The document is the row as the log has it, so a field's mapping only decides how it is found.
 * A value that a field type cannot index (a date before Christ, {@code infinity}, {@code NaN})
 * stays in the document and is not found by that field. All integers are {@code long}: that costs
 * nothing in Lucene, and a column that grows from {@code int} to {@code bigint} needs no other
 * index. A {@code numeric} is a {@code keyword}, exact to the digit, with a {@code number} beside
 * it ({@code price.number}) to sort and to compare by.
 */
final class IndexMapping {
  private static final String DATES = "strict_date_optional_time_nanos||strict_date_optional_time";

  /** Lucene's longest term is 32766 bytes; a character has at most four. */
  private static final int LONGEST_KEYWORD = 8191;

  /** OpenSearch's own habit for the keyword beside a text. */
  private static final int LONGEST_SORTABLE_TEXT = 256;

  private static final int USUAL_SCALING = 10_000;
  private static final Pattern SCALE = Pattern.compile("numeric\\(\\d+,(\\d{1,2})\\)");

  private static final Set<String> MAY_BE_MALFORMED =
      Set.of(
          "long",
          "integer",
          "short",
          "byte",
          "double",
          "float",
          "half_float",
          "scaled_float",
          "unsigned_long",
          "date",
          "date_nanos",
          "ip",
          "geo_point",
          "geo_shape");

  private IndexMapping() {}

  /**
   * The mapping's properties, by the columns' names in documents.
   *
   * @param overrides field types by column name, from the sink's {@code mapping}
   */
  static ObjectNode properties(
      TableSchema schema, FieldNames names, Map<String, String> overrides) {
    ObjectNode properties = SearchClient.json().createObjectNode();
    for (ColumnSchema column : schema.columns()) {
      String override = overrides.get(column.name());
      properties.set(
          names.of(column.name()),
          override == null ? of(column.type()) : ofOverride(override, column));
    }
    return properties;
  }

  private static ObjectNode ofOverride(String type, ColumnSchema column) {
    ObjectNode field = field(type);
    if (type.equals("scaled_float")) {
      Matcher scale = SCALE.matcher(column.declaredType());
      field.put(
          "scaling_factor",
          scale.matches() ? Math.pow(10, Integer.parseInt(scale.group(1))) : USUAL_SCALING);
    }
    if (type.equals("date") || type.equals("date_nanos")) {
      field.put("format", DATES);
    }
    return field;
  }

  private static ObjectNode of(PgType type) {
    return switch (type.kind()) {
      case DOMAIN -> of(type.withoutDomains());
      case ARRAY -> ofArray(Objects.requireNonNull(type.element()));
      case COMPOSITE -> unsearched();
      case BASE -> ofBase(type.name());
      case ENUM, RANGE, UNKNOWN -> keyword();
    };
  }

  /** An array with bounds of its own is a text in the log, which a boolean would not take. */
  private static ObjectNode ofArray(PgType element) {
    PgType base = element.withoutDomains();
    return base.kind() == PgType.Kind.BASE
            && (base.name().equals("bool") || base.name().equals("bytea"))
        ? keyword()
        : of(base);
  }

  private static ObjectNode ofBase(String name) {
    String withoutSchema = name.substring(name.lastIndexOf('.') + 1);
    return switch (withoutSchema) {
      case "int2", "int4", "int8", "oid" -> field("long");
      case "float4", "float8" -> field("double");
      case "numeric" -> number();
      case "bool" -> field("boolean");
      case "text", "varchar", "bpchar", "name", "citext", "xml", "tsvector" -> text();
      case "timestamp", "timestamptz", "date" -> field("date").put("format", DATES);
      case "json", "jsonb" -> unsearched();
      case "bytea" -> field("binary");
      default -> keyword();
    };
  }

  private static ObjectNode number() {
    ObjectNode field = keyword();
    field.putObject("fields").set("number", field("double"));
    return field;
  }

  private static ObjectNode text() {
    ObjectNode field = field("text");
    field
        .putObject("fields")
        .putObject("keyword")
        .put("type", "keyword")
        .put("ignore_above", LONGEST_SORTABLE_TEXT);
    return field;
  }

  private static ObjectNode keyword() {
    return field("keyword").put("ignore_above", LONGEST_KEYWORD);
  }

  /** Anything may stand there, objects, numbers and texts in turn; it is kept, not indexed. */
  private static ObjectNode unsearched() {
    return field("object").put("enabled", false);
  }

  private static ObjectNode field(String type) {
    ObjectNode field = SearchClient.json().createObjectNode().put("type", type);
    return MAY_BE_MALFORMED.contains(type) ? field.put("ignore_malformed", true) : field;
  }
}

package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import java.util.Map;

/**
 * How a table's columns are indexed.
 *
 * <p>The document is the row as the log has it, so a field's mapping only decides how it is found.
 * A value that a field type cannot index (a date before Christ, {@code infinity}) stays in the
 * document and is not found by that field.
 */
final class IndexMapping {
  private static final String DATES =
      "strict_date_optional_time_nanos||strict_date_optional_time||epoch_millis";

  /** Lucene's longest term, in bytes of at most three per character. */
  private static final int LONGEST_KEYWORD = 8191;

  private static final int SCALING = 10_000;

  private IndexMapping() {}

  /**
   * The mapping's properties.
   *
   * @param overrides field types by column name, from the sink's {@code mapping}
   */
  static ObjectNode properties(TableSchema schema, Map<String, String> overrides) {
    ObjectNode properties = SearchClient.json().createObjectNode();
    for (ColumnSchema column : schema.columns()) {
      String override = overrides.get(column.name());
      properties.set(column.name(), override == null ? of(column.type()) : ofOverride(override));
    }
    return properties;
  }

  private static ObjectNode ofOverride(String type) {
    ObjectNode field = field(type);
    if (type.equals("scaled_float")) {
      field.put("scaling_factor", SCALING);
    }
    if (type.equals("date")) {
      field.put("format", DATES);
    }
    return field;
  }

  private static ObjectNode of(PgType type) {
    return switch (type.kind()) {
      case DOMAIN -> of(type.withoutDomains());
      case ARRAY -> of(java.util.Objects.requireNonNull(type.element()));
      case ENUM -> keyword();
      case COMPOSITE -> field("object").put("enabled", false);
      case BASE -> ofBase(type.name());
      case RANGE, UNKNOWN -> keyword();
    };
  }

  private static ObjectNode ofBase(String name) {
    return switch (name) {
      case "int2", "int4" -> field("integer").put("ignore_malformed", true);
      case "int8", "oid" -> field("long").put("ignore_malformed", true);
      case "float4", "float8" -> field("double").put("ignore_malformed", true);
      case "bool" -> field("boolean");
      case "text", "varchar", "bpchar", "name", "public.citext" -> text();
      case "timestamp", "timestamptz", "date" ->
          field("date").put("format", DATES).put("ignore_malformed", true);
      case "json", "jsonb" -> field("object").put("enabled", false);
      case "bytea" -> field("binary");
      default -> keyword();
    };
  }

  private static ObjectNode text() {
    ObjectNode field = field("text");
    field.putObject("fields").putObject("keyword").put("type", "keyword").put("ignore_above", 256);
    return field;
  }

  private static ObjectNode keyword() {
    return field("keyword").put("ignore_above", LONGEST_KEYWORD);
  }

  private static ObjectNode field(String type) {
    return SearchClient.json().createObjectNode().put("type", type);
  }
}

package dev.headwater.log.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A table's schema as it stands in {@code __headwater.schemas}: whole, with its types. */
public final class TableSchemaJson {
  private static final int FORMAT = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  private TableSchemaJson() {}

  /** The record's key: connector, schema, table and version as a JSON array. */
  public static byte[] key(TableSchema schema) {
    TableId table = schema.table();
    return bytes(
        JSON.createArrayNode()
            .add(table.connector())
            .add(table.schema())
            .add(table.name())
            .add(schema.version()));
  }

  /** The record's value. */
  public static byte[] write(TableSchema schema) {
    ObjectNode json = JSON.createObjectNode();
    json.put("format", FORMAT);
    json.put("connector", schema.table().connector());
    json.put("schema", schema.table().schema());
    json.put("table", schema.table().name());
    json.put("version", schema.version());
    schema.key().forEach(json.putArray("key")::add);
    ArrayNode columns = json.putArray("columns");
    for (ColumnSchema column : schema.columns()) {
      ObjectNode c = columns.addObject();
      c.put("name", column.name());
      c.put("type", column.declaredType());
      c.put("nullable", column.nullable());
      if (column.defaultExpression() != null) {
        c.put("default", column.defaultExpression());
      }
      c.set("resolved", write(column.type()));
    }
    if (schema.layout() != null) {
      json.put("layout", schema.layout());
    }
    return bytes(json);
  }

  /**
   * Reads a value back.
   *
   * @throws HeadwaterException if it is of a format that this version does not know
   */
  public static TableSchema parse(byte[] value) {
    try {
      JsonNode json = JSON.readTree(value);
      int format = json.path("format").asInt();
      if (format != FORMAT) {
        throw new HeadwaterException(
            FailureCode.LOG_NOT_READY,
            "log – a stored schema has format " + format + "; this version reads " + FORMAT,
            "A newer Headwater wrote it. Use that version, or a newer one.");
      }
      List<String> key = new ArrayList<>();
      json.required("key").forEach(name -> key.add(name.asText()));
      List<ColumnSchema> columns = new ArrayList<>();
      for (JsonNode c : json.required("columns")) {
        columns.add(
            new ColumnSchema(
                c.required("name").asText(),
                type(c.required("resolved")),
                c.required("type").asText(),
                c.required("nullable").asBoolean(),
                textOrNull(c.get("default"))));
      }
      return new TableSchema(
          new TableId(
              json.required("connector").asText(),
              json.required("schema").asText(),
              json.required("table").asText()),
          json.required("version").asInt(),
          columns,
          key,
          textOrNull(json.get("layout")));
    } catch (IOException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log – a stored schema cannot be read",
          "Something else wrote to __headwater.schemas. Nothing is read until it is mended.",
          e);
    }
  }

  private static ObjectNode write(PgType type) {
    ObjectNode json = JSON.createObjectNode();
    json.put("name", type.name());
    json.put("kind", type.kind().name().toLowerCase(java.util.Locale.ROOT));
    if (type.element() != null) {
      json.set("element", write(type.element()));
    }
    if (!type.fields().isEmpty()) {
      ArrayNode fields = json.putArray("fields");
      for (PgType.Field field : type.fields()) {
        fields.addObject().put("name", field.name()).set("type", write(field.type()));
      }
    }
    if (!type.labels().isEmpty()) {
      type.labels().forEach(json.putArray("labels")::add);
    }
    if (type.delimiter() != ',') {
      json.put("delimiter", String.valueOf(type.delimiter()));
    }
    return json;
  }

  private static PgType type(JsonNode json) {
    List<PgType.Field> fields = new ArrayList<>();
    for (JsonNode field : json.path("fields")) {
      fields.add(new PgType.Field(field.required("name").asText(), type(field.required("type"))));
    }
    List<String> labels = new ArrayList<>();
    json.path("labels").forEach(label -> labels.add(label.asText()));
    return new PgType(
        json.required("name").asText(),
        PgType.Kind.valueOf(json.required("kind").asText().toUpperCase(java.util.Locale.ROOT)),
        json.has("element") ? type(json.get("element")) : null,
        fields,
        labels,
        json.path("delimiter").asText(",").charAt(0));
  }

  private static @Nullable String textOrNull(@Nullable JsonNode node) {
    return node == null ? null : node.asText();
  }

  private static byte[] bytes(JsonNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.JsonFields;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What columns are called in documents: by their names, but for those that OpenSearch would take
 * for something else.
 *
 * <p>A name of its own metadata ({@code _id}) gets underscores behind it, and dots, which would
 * make objects of it, become underscores; more follow where another column has that name already.
 * Immutable.
 */
final class FieldNames {
  /** org.opensearch.index.mapper.MapperService.getAllMetaFields, and Elasticsearch's. */
  private static final Set<String> METADATA =
      Set.of(
          "_id",
          "_index",
          "_source",
          "_type",
          "_uid",
          "_routing",
          "_field_names",
          "_ignored",
          "_ignored_source",
          "_version",
          "_seq_no",
          "_primary_term",
          "_nested_path",
          "_nested",
          "_doc_count",
          "_data_stream_timestamp",
          "_tier",
          "_tsid",
          "_size",
          "_feature",
          "_inference_fields");

  private final Map<String, String> renamed = new HashMap<>();

  FieldNames(TableSchema schema) {
    Set<String> taken = new HashSet<>();
    schema.columns().forEach(column -> taken.add(column.name()));
    for (ColumnSchema column : schema.columns()) {
      String name = column.name();
      boolean blank = name.isBlank();
      if (METADATA.contains(name) || name.indexOf('.') >= 0 || blank) {
        String other = blank ? "_" : name.replace('.', '_');
        while (METADATA.contains(other) || !taken.add(other)) {
          other += "_";
        }
        renamed.put(name, other);
      }
    }
  }

  /** The field's name in documents. */
  String of(String column) {
    return renamed.getOrDefault(column, column);
  }

  /** The row with its fields named so; the row itself where all names stay. */
  byte[] document(byte[] row) {
    if (renamed.isEmpty()) {
      return row;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(row.length + 64);
    int copied = 0;
    JsonFields fields = new JsonFields(row);
    while (fields.next()) {
      String other = renamed.get(new String(fields.name(), UTF_8));
      if (other != null) {
        out.write(row, copied, fields.nameFrom() - copied);
        out.writeBytes(JsonText.quote(other).getBytes(UTF_8));
        copied = fields.nameTo();
      }
    }
    out.write(row, copied, row.length - copied);
    return out.toByteArray();
  }
}

package dev.headwater.faults.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rows of all tables in one map, whatever they were read from: {@code table:id} to {@code
 * column=text} for each column in the order of their names.
 */
final class Rows {
  private static final String NULL = "\u2205";

  private Rows() {}

  static String key(String table, long id) {
    return table + ":" + id;
  }

  static String of(JsonNode json) {
    Map<String, String> columns = new TreeMap<>();
    json.fields()
        .forEachRemaining(
            field ->
                columns.put(
                    field.getKey(), field.getValue().isNull() ? NULL : field.getValue().asText()));
    return columns.toString();
  }

  static String of(ResultSet row) throws SQLException {
    Map<String, String> columns = new TreeMap<>();
    for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
      String text = row.getString(i);
      columns.put(row.getMetaData().getColumnName(i), text == null ? NULL : text);
    }
    return columns.toString();
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.TableSchema;
import java.util.List;
import java.util.Set;

/**
 * One table of a generation as it stands in the target.
 *
 * @param name its name there, the same in all generations
 * @param columns the columns that the sink writes, in the target's order; others that somebody
 *     added by hand are left alone
 * @param key names of the key columns, in key order
 */
record ReplicaTable(String name, List<Column> columns, List<String> key) {
  /**
   * One column.
   *
   * @param sqlType its type as SQL, with schema and modifier
   */
  record Column(String name, String sqlType) {}

  /** Types whose values are equal just when their texts are. */
  private static final Set<String> EQUAL_BY_TEXT =
      Set.of(
          "smallint",
          "integer",
          "bigint",
          "uuid",
          "text",
          "boolean",
          "date",
          "bytea",
          "oid",
          "character varying",
          "timestamp without time zone",
          "timestamp with time zone");

  ReplicaTable {
    columns = List.copyOf(columns);
    key = List.copyOf(key);
  }

  List<String> columnNames() {
    return columns.stream().map(Column::name).toList();
  }

  Column column(String columnName) {
    return columns.stream()
        .filter(column -> column.name().equals(columnName))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no column '" + columnName + "'"));
  }

  /**
   * Whether a key column may hold two values that PostgreSQL takes for one while the log has two
   * keys for them: {@code numeric} 1.0 and 1.00, {@code citext} a and A.
   */
  boolean isInexact(String keyColumn) {
    String type = column(keyColumn).sqlType();
    int modifier = type.indexOf('(');
    return !EQUAL_BY_TEXT.contains(modifier < 0 ? type : type.substring(0, modifier));
  }

  /** Where each column of the table stands in rows of a schema version; -1 where it does not. */
  int[] placesIn(TableSchema version) {
    return columns.stream().mapToInt(column -> version.indexOf(column.name())).toArray();
  }
}

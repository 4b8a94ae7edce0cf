package dev.headwater.capture;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import java.util.List;

/** Writes the query that reads rows by their keys in one go. */
final class RowsByKeySql {
  private RowsByKeySql() {}

  /**
   * A COPY, since only COPY prints every type with its own output function. Its first column is the
   * key's place in the list, which the rows are in the order of.
   *
   * @param from the table, as a query names it
   * @param keys texts of the key columns, row by row; not empty
   */
  static String copy(
      TableSchema schema, String from, int[] keyColumns, List<String[]> keys, int[] columns) {
    StringBuilder sql = new StringBuilder("COPY (SELECT k.n");
    for (int column : columns) {
      sql.append(", t.").append(name(schema, column));
    }
    sql.append(" FROM (VALUES ");
    for (int row = 0; row < keys.size(); row++) {
      sql.append(row == 0 ? "(" : ", (").append(row);
      for (int i = 0; i < keyColumns.length; i++) {
        sql.append(", ");
        literal(sql, keys.get(row)[i]);
        if (row == 0) {
          sql.append("::").append(schema.columns().get(keyColumns[i]).declaredType());
        }
      }
      sql.append(')');
    }
    sql.append(") AS k(n");
    for (int i = 0; i < keyColumns.length; i++) {
      sql.append(", k").append(i);
    }
    sql.append(") JOIN ").append(from).append(" AS t ON true");
    for (int i = 0; i < keyColumns.length; i++) {
      sql.append(" AND t.")
          .append(name(schema, keyColumns[i]))
          .append(' ')
          .append(equality(schema.columns().get(keyColumns[i])))
          .append(" k.k")
          .append(i);
    }
    return sql.append(" ORDER BY k.n) TO STDOUT").toString();
  }

  /** The operator is found by name, and an extension has its own beside its type. */
  private static String equality(ColumnSchema column) {
    PgType type = column.type().withoutDomains();
    int dot = type.name().lastIndexOf('.');
    return type.kind() == PgType.Kind.BASE && dot > 0
        ? "OPERATOR(" + SourcePreflight.quote(type.name().substring(0, dot)) + ".=)"
        : "OPERATOR(pg_catalog.=)";
  }

  private static String name(TableSchema schema, int column) {
    return SourcePreflight.quote(schema.columns().get(column).name());
  }

  /** Right whatever standard_conforming_strings says. */
  private static void literal(StringBuilder sql, String text) {
    sql.append("E'");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\'' || c == '\\') {
        sql.append(c);
      }
      sql.append(c);
    }
    sql.append('\'');
  }
}

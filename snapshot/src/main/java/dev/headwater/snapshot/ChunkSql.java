package dev.headwater.snapshot;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The queries that read chunks. Every comparison is PostgreSQL's. */
final class ChunkSql {
  private ChunkSql() {}

  /** The rows of a piece, its columns in the schema's order. */
  static String select(Piece piece) {
    return piece.byKey() ? byKey(piece) : byCtid(piece);
  }

  private static String byCtid(Piece piece) {
    List<String> conditions = new ArrayList<>();
    if (piece.range().from() != null) {
      conditions.add("ctid >= " + literal(piece.range().from().get(0)) + "::tid");
    }
    if (piece.range().to() != null) {
      conditions.add("ctid < " + literal(piece.range().to().get(0)) + "::tid");
    }
    return "SELECT "
        + (piece.withCtid() ? "ctid, " : "")
        + columns(piece.target().schema())
        + " FROM ONLY "
        + quoted(piece.leaf().schema())
        + "."
        + quoted(piece.leaf().name())
        + where(conditions, piece.where());
  }

  private static String byKey(Piece piece) {
    TableSchema schema = piece.target().schema();
    List<String> conditions = new ArrayList<>();
    if (piece.range().from() != null) {
      String behind = row(schema) + " > " + values(schema, piece.range().from());
      conditions.add(piece.range().to() == null ? orNull(schema, behind) : behind);
    }
    if (piece.range().to() != null) {
      conditions.add(row(schema) + " <= " + values(schema, piece.range().to()));
    }
    return "SELECT "
        + columns(schema)
        + " FROM "
        + table(schema, piece.source().isPartitioned())
        + where(conditions, piece.where())
        + " ORDER BY "
        + schema.key().stream().map(ChunkSql::quoted).collect(Collectors.joining(", "))
        + " LIMIT "
        + piece.maxRows();
  }

  /**
   * Rows with NULL in their key compare with nothing; they must be met, and refused, not missed.
   */
  private static String orNull(TableSchema schema, String condition) {
    return schema.key().stream()
        .filter(name -> schema.columns().get(schema.indexOf(name)).nullable())
        .map(name -> " OR " + quoted(name) + " IS NULL")
        .collect(Collectors.joining("", "(" + condition, ")"));
  }

  /** A whole table; a plain one without the tables that inherit from it. */
  static String table(TableSchema schema, boolean isPartitioned) {
    // ONLY of a partitioned table has no rows.
    return (isPartitioned ? "" : "ONLY ")
        + quoted(schema.table().schema())
        + "."
        + quoted(schema.table().name());
  }

  private static String row(TableSchema schema) {
    return schema.key().stream()
        .map(ChunkSql::quoted)
        .collect(Collectors.joining(", ", "ROW(", ")"));
  }

  private static String values(TableSchema schema, List<String> texts) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      ColumnSchema column = schema.columns().get(schema.indexOf(schema.key().get(i)));
      values.add(literal(texts.get(i)) + "::" + column.declaredType());
    }
    return "ROW(" + String.join(", ", values) + ")";
  }

  private static String columns(TableSchema schema) {
    return schema.columns().stream()
        .map(column -> quoted(column.name()))
        .collect(Collectors.joining(", "));
  }

  private static String where(List<String> conditions, @Nullable String where) {
    List<String> all = new ArrayList<>(conditions);
    if (where != null) {
      all.add("(" + where + ")");
    }
    return all.isEmpty() ? "" : " WHERE " + String.join(" AND ", all);
  }

  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  static String literal(String text) {
    return (text.indexOf('\\') >= 0 ? " E'" : "'")
        + text.replace("\\", "\\\\").replace("'", "''")
        + "'";
  }
}

package dev.headwater.snapshot;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import java.util.stream.Collectors;

/** Finds which of the log's keys the source has: PostgreSQL itself reads them back from JSON. */
final class KeyLookup {
  private KeyLookup() {}

  /**
   * A query with one parameter, a JSON array of keys; it gives the place of each that is there,
   * counted from one.
   */
  static String sql(TableSchema schema, boolean isPartitioned) {
    return "SELECT k.place FROM jsonb_array_elements(?::jsonb) WITH ORDINALITY AS k(doc, place)"
        + " CROSS JOIN LATERAL jsonb_to_record(k.doc) AS v("
        + schema.key().stream()
            .map(name -> ChunkSql.quoted(name) + " " + typeInJson(column(schema, name)))
            .collect(Collectors.joining(", "))
        + ") WHERE EXISTS (SELECT FROM "
        + ChunkSql.table(schema, isPartitioned)
        + " AS t WHERE "
        + schema.key().stream()
            .map(name -> "t." + ChunkSql.quoted(name) + " = " + value(column(schema, name)))
            .collect(Collectors.joining(" AND "))
        + ")";
  }

  private static ColumnSchema column(TableSchema schema, String name) {
    return schema.columns().get(schema.indexOf(name));
  }

  /** The log writes every type as text that PostgreSQL reads, but for bytea, which is base64. */
  private static String typeInJson(ColumnSchema column) {
    return isBytea(column) ? "text" : column.declaredType();
  }

  private static String value(ColumnSchema column) {
    String name = "v." + ChunkSql.quoted(column.name());
    return isBytea(column) ? "decode(" + name + ", 'base64')" : name;
  }

  private static boolean isBytea(ColumnSchema column) {
    PgType base = column.type().withoutDomains();
    return base.kind() == PgType.Kind.BASE && base.name().equals("bytea");
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FoldedRow;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * One table of a replica, in one version of its definition: its DDL, and how rows are written.
 *
 * <p>Rows go in as arrays of text, one a column, cast to the columns' types by PostgreSQL itself:
 * its own input functions read what its own output functions wrote. Immutable.
 */
final class ReplicaTable {
  private final TableSchema schema;
  private final EnumLabels labels;

  ReplicaTable(TableSchema schema, EnumLabels labels) {
    this.schema = schema;
    this.labels = labels;
  }

  TableSchema schema() {
    return schema;
  }

  /**
   * The column's type in the replica: as declared, where the target is sure to have it; the type
   * below a domain; the text of enums, composites and types of extensions.
   */
  static String replicaType(ColumnSchema column) {
    PgType type = column.type();
    if (isBuiltIn(type)) {
      return column.declaredType();
    }
    PgType below = type.withoutDomains();
    if (isBuiltIn(below)) {
      return below.kind() == PgType.Kind.ARRAY ? arrayOf(below) : quoted(below.name());
    }
    return below.kind() == PgType.Kind.ARRAY ? arrayOf(below) : "text";
  }

  private static String arrayOf(PgType array) {
    PgType element = Objects.requireNonNull(array.element()).withoutDomains();
    return isBuiltIn(element) ? quoted(element.name()) + "[]" : "text[]";
  }

  private static boolean isBuiltIn(PgType type) {
    return switch (type.kind()) {
      case BASE, RANGE -> type.name().indexOf('.') < 0;
      case ARRAY -> isBuiltIn(Objects.requireNonNull(type.element()));
      case DOMAIN, ENUM, COMPOSITE, UNKNOWN -> false;
    };
  }

  private static String quoted(String typeName) {
    return typeName.equals("char") ? "\"char\"" : typeName;
  }

  /** Makes the table, or adds the columns it lacks. */
  void make(Connection connection, String sink, String schemaName) throws SQLException {
    String table = SqlNames.qualified(schemaName, schema.table().name());
    StringJoiner columns = new StringJoiner(", ");
    for (ColumnSchema column : schema.columns()) {
      columns.add(SqlNames.quote(column.name()) + " " + replicaType(column));
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE IF NOT EXISTS "
              + table
              + " ("
              + columns
              + ", PRIMARY KEY ("
              + SqlNames.list(schema.key())
              + "))");
      Map<String, String> present = columnsOf(connection, schemaName);
      for (ColumnSchema column : schema.columns()) {
        String wanted = replicaType(column);
        String found = present.get(column.name());
        if (found == null) {
          statement.execute(
              "ALTER TABLE "
                  + table
                  + " ADD COLUMN "
                  + SqlNames.quote(column.name())
                  + " "
                  + wanted);
        }
      }
    }
    requireKey(connection, sink, schemaName);
  }

  private Map<String, String> columnsOf(Connection connection, String schemaName)
      throws SQLException {
    Map<String, String> columns = new HashMap<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
                + " WHERE a.attrelid = format('%I.%I', ?::text, ?::text)::regclass"
                + " AND a.attnum > 0 AND NOT a.attisdropped")) {
      statement.setString(1, schemaName);
      statement.setString(2, schema.table().name());
      try (ResultSet rs = statement.executeQuery()) {
        while (rs.next()) {
          columns.put(rs.getString(1), rs.getString(2));
        }
      }
    }
    return columns;
  }

  private void requireKey(Connection connection, String sink, String schemaName)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey, a.attnum))"
                + " FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
                + " AND a.attnum = ANY (i.indkey)"
                + " WHERE i.indisprimary"
                + " AND i.indrelid = format('%I.%I', ?::text, ?::text)::regclass")) {
      statement.setString(1, schemaName);
      statement.setString(2, schema.table().name());
      try (ResultSet rs = statement.executeQuery()) {
        List<String> found =
            rs.next() && rs.getArray(1) != null
                ? Arrays.asList((String[]) rs.getArray(1).getArray())
                : List.of();
        if (!found.equals(schema.key())) {
          throw new HeadwaterException(
              FailureCode.TARGET_NOT_READY,
              "sink '"
                  + sink
                  + "' – table "
                  + schemaName
                  + "."
                  + schema.table().name()
                  + " is there with the key "
                  + found
                  + ", not "
                  + schema.key(),
              "Something else made it, or two tables of that name meet. Give the sink a 'schema' of"
                  + " its own.");
        }
      }
    }
  }

  /** Writes rows that are there; each key once. */
  void upsert(Connection connection, String schemaName, List<FoldedRow> rows) throws SQLException {
    List<ColumnSchema> columns = schema.columns();
    String[][] texts = new String[columns.size()][rows.size()];
    RowText reader = new RowText(columns, labels);
    for (int row = 0; row < rows.size(); row++) {
      FoldedRow folded = rows.get(row);
      read(reader, Objects.requireNonNull(folded.value()), folded.nulls());
      for (int column = 0; column < texts.length; column++) {
        texts[column][row] = textOrNull(reader, column);
      }
    }
    StringJoiner values = new StringJoiner(", ");
    StringJoiner updates = new StringJoiner(", ");
    for (int column = 0; column < texts.length; column++) {
      String name = SqlNames.quote(columns.get(column).name());
      values.add("u.c" + column + "::" + replicaType(columns.get(column)));
      if (!schema.key().contains(columns.get(column).name())) {
        updates.add(name + " = EXCLUDED." + name);
      }
    }
    List<String> names = columns.stream().map(ColumnSchema::name).toList();
    String sql =
        "INSERT INTO "
            + SqlNames.qualified(schemaName, schema.table().name())
            + " ("
            + SqlNames.list(names)
            + ") SELECT "
            + values
            + " FROM "
            + unnest(texts.length)
            + " ON CONFLICT ("
            + SqlNames.list(schema.key())
            + ") DO "
            + (updates.length() == 0 ? "NOTHING" : "UPDATE SET " + updates);
    execute(connection, sql, texts);
  }

  /** Deletes rows by their keys. */
  void delete(Connection connection, String schemaName, List<FoldedRow> rows) throws SQLException {
    List<ColumnSchema> key =
        schema.key().stream().map(name -> schema.columns().get(schema.indexOf(name))).toList();
    String[][] texts = new String[key.size()][rows.size()];
    RowText reader = new RowText(key, labels);
    for (int row = 0; row < rows.size(); row++) {
      read(reader, rows.get(row).key(), Optional.empty());
      for (int column = 0; column < texts.length; column++) {
        texts[column][row] = reader.string(column);
      }
    }
    StringJoiner same = new StringJoiner(" AND ");
    for (int column = 0; column < texts.length; column++) {
      same.add(
          "t."
              + SqlNames.quote(key.get(column).name())
              + " = u.c"
              + column
              + "::"
              + replicaType(key.get(column)));
    }
    execute(
        connection,
        "DELETE FROM "
            + SqlNames.qualified(schemaName, schema.table().name())
            + " t USING "
            + unnest(texts.length)
            + " WHERE "
            + same,
        texts);
  }

  private void read(RowText reader, byte[] json, Optional<String> nulls) {
    try {
      reader.read(json, nulls);
    } catch (IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "a row of "
              + schema.table()
              + " is not of its schema's version "
              + schema.version()
              + ": "
              + e.getMessage(),
          "Something else wrote to its topic, or the record is damaged.",
          e);
    }
  }

  private static @Nullable String textOrNull(RowText reader, int column) {
    return reader.isNull(column) ? null : reader.string(column);
  }

  private static String unnest(int columns) {
    StringJoiner arrays = new StringJoiner(", ");
    StringJoiner names = new StringJoiner(", ");
    for (int column = 0; column < columns; column++) {
      arrays.add("?::text[]");
      names.add("c" + column);
    }
    return "unnest(" + arrays + ") AS u(" + names + ")";
  }

  private static void execute(Connection connection, String sql, String[][] texts)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int column = 0; column < texts.length; column++) {
        statement.setArray(column + 1, connection.createArrayOf("text", texts[column]));
      }
      statement.executeUpdate();
    }
  }
}

package dev.headwater.log.schema;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a table looks like in one version: its columns in table order, and the columns of its key.
 *
 * <p>Generated columns are not part of it (pgoutput does not send them). Columns that {@code
 * connectors.yaml} excludes are not part of it either: a schema describes what the log holds.
 * Immutable; a new version is made whenever anything here changes.
 *
 * @param table which table
 * @param version counts from 1 for each table; the {@code schema} header of every record
 * @param columns in table order
 * @param key names of the key's columns, in key order; never empty
 * @param layout how the source stored the table when its rows in the log were last level with it
 *     ({@link dev.headwater.log.catalog.TableLayout}); null while that is not known. No part of the
 *     shape
 */
public record TableSchema(
    TableId table,
    int version,
    List<ColumnSchema> columns,
    List<String> key,
    @Nullable String layout) {
  /** A schema whose layout is not known. */
  public TableSchema(TableId table, int version, List<ColumnSchema> columns, List<String> key) {
    this(table, version, columns, key, null);
  }

  public TableSchema {
    columns = List.copyOf(columns);
    key = List.copyOf(key);
    if (key.isEmpty()) {
      throw new IllegalArgumentException("table " + table + " has no key");
    }
    for (String name : key) {
      if (columns.stream().noneMatch(column -> column.name().equals(name))) {
        throw new IllegalArgumentException("table " + table + " has no key column '" + name + "'");
      }
    }
  }

  /** Position of each key column among {@link #columns()}, in key order. */
  public int[] keyIndexes() {
    return key.stream().mapToInt(this::indexOf).toArray();
  }

  /** Position of a column among {@link #columns()}, or -1. */
  public int indexOf(String columnName) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(columnName)) {
        return i;
      }
    }
    return -1;
  }

  /** Whether the other describes the same columns and key, whatever its version. */
  public boolean sameShape(TableSchema other) {
    return table.equals(other.table) && columns.equals(other.columns) && key.equals(other.key);
  }

  /** The same shape under another version number. */
  public TableSchema withVersion(int newVersion) {
    return new TableSchema(table, newVersion, columns, key, layout);
  }

  /** The same with another layout. */
  public TableSchema withLayout(@Nullable String newLayout) {
    return new TableSchema(table, version, columns, key, newLayout);
  }
}

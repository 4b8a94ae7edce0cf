package dev.headwater.log.catalog;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * One table as the catalog describes it at one moment.
 *
 * @param oid unsigned in PostgreSQL, its 32 bits here
 * @param schema exactly as in the source
 * @param name exactly as in the source
 * @param kind what {@code pg_class} says of it
 * @param columns all live columns in table order, generated ones included
 * @param primaryKey names of the primary key's columns in key order; empty if there is none, or one
 *     that is checked late (DEFERRABLE): two rows could swap their keys
 * @param usableUniqueKeys further unique keys that identify every row: of columns only, all NOT
 *     NULL, whole (no WHERE), valid, checked at once; each in key order, the shortest first
 */
public record CatalogTable(
    int oid,
    String schema,
    String name,
    Kind kind,
    List<CatalogColumn> columns,
    List<String> primaryKey,
    List<List<String>> usableUniqueKeys) {

  /**
   * What sort of table it is, in {@code pg_class}'s own letters.
   *
   * @param relkind {@code r} table, {@code p} partitioned root or branch, {@code f} foreign, {@code
   *     v} view, {@code m} materialised view
   * @param persistence {@code p} permanent, {@code u} unlogged, {@code t} temporary
   * @param replicaIdentity {@code d} default, {@code n} nothing, {@code f} full, {@code i} index
   * @param isPartition whether it is itself a partition of another table
   */
  public record Kind(char relkind, char persistence, char replicaIdentity, boolean isPartition) {}

  public CatalogTable {
    columns = List.copyOf(columns);
    primaryKey = List.copyOf(primaryKey);
    usableUniqueKeys = List.copyOf(usableUniqueKeys);
  }

  /**
   * Whether rows of it are in the WAL and can be read as they are: a plain or partitioned table.
   */
  public boolean isCapturable() {
    return (kind.relkind() == 'r' || kind.relkind() == 'p') && kind.persistence() == 'p';
  }

  /**
   * What the log is to hold of this table: all columns but generated and excluded ones.
   *
   * @param connector who captures it
   * @param version the schema version to give it
   * @param types resolves the columns' types; of the same database
   * @param excluded tells by its name whether a column is left out
   * @param key names of the key columns in key order, usually {@link #primaryKey()}
   * @throws SQLException if types had to be read and could not be
   * @throws IllegalArgumentException if the key is empty or names a column that is not there
   */
  public TableSchema toSchema(
      String connector,
      int version,
      TypeCatalog types,
      Predicate<String> excluded,
      List<String> key)
      throws SQLException {
    List<ColumnSchema> kept = new ArrayList<>();
    for (CatalogColumn column : columns) {
      if (!column.generated() && !excluded.test(column.name())) {
        kept.add(
            new ColumnSchema(
                column.name(),
                types.byOid(column.typeOid()),
                column.declaredType(),
                !column.notNull(),
                column.defaultExpression()));
      }
    }
    return new TableSchema(new TableId(connector, schema, name), version, kept, key);
  }
}

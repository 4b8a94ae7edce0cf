package dev.headwater.log.catalog;

import dev.headwater.log.catalog.CatalogTable.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a database's catalog says about its tables. Nothing is remembered: each call tells
 * what is so now, in the snapshot of the connection's transaction if there is one.
 *
 * <p>Belongs to one thread; the connection stays the caller's to close. Types and defaults are
 * printed with their schema only where the session's {@code search_path} does not lead to them:
 * connections made with {@link SourceSession} print all but {@code pg_catalog}'s.
 */
public final class TableCatalog {
  // Partitions and foreign tables, views and unlogged tables are listed too: saying why one is left
  // out is the caller's part. System schemas and other sessions' temporary ones are not.
  private static final String TABLES =
      """
      SELECT c.oid::bigint AS oid, n.nspname::text AS schema_name, c.relname::text AS table_name,
             c.relkind::text AS relkind, c.relpersistence::text AS persistence,
             c.relreplident::text AS identity, c.relispartition AS is_partition
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
         AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
         AND n.nspname !~ '^pg_(toast_)?temp_'
         AND (?::text IS NULL OR (n.nspname = ?::text AND c.relname = ?::text))
       ORDER BY n.nspname, c.relname
      """;

  private static final String COLUMNS =
      """
      SELECT a.attrelid::bigint AS oid, a.attname::text AS name, a.atttypid::bigint AS type,
             a.atttypmod AS typmod,
             pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
             a.attnotnull OR coalesce(t.typtype = 'd' AND t.typnotnull, false) AS not_null,
             a.attgenerated <> '' AS generated,
             CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
               AS expression
        FROM pg_catalog.pg_attribute a
        LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid = ANY (?::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
       ORDER BY a.attrelid, a.attnum
      """;

  // indnatts counts INCLUDE columns too, indnkeyatts does not; an expression has attnum 0 and so
  // finds no column, which leaves the list shorter than the key.
  private static final String KEYS =
      """
      SELECT i.indrelid::bigint AS oid, i.indisprimary AS is_primary,
             array_agg(a.attname::text ORDER BY k.place) AS names
        FROM pg_catalog.pg_index i
       CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
       WHERE i.indrelid = ANY (?::bigint[]::oid[])
         AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
         AND k.place <= i.indnkeyatts
         AND i.indimmediate AND (i.indisprimary OR i.indexprs IS NULL)
       GROUP BY i.indrelid, i.indexrelid, i.indisprimary, i.indnkeyatts
      HAVING count(*) = i.indnkeyatts AND (i.indisprimary OR bool_and(a.attnotnull))
       ORDER BY i.indrelid, i.indnkeyatts, names
      """;

  private final Connection connection;

  /** Reads through a connection to the database whose tables are wanted. */
  public TableCatalog(Connection connection) {
    this.connection = connection;
  }

  /**
   * One table; empty if there is none of that name or it is a system table.
   *
   * @throws SQLException if the catalog cannot be read
   */
  public Optional<CatalogTable> read(String schema, String table) throws SQLException {
    return tables(schema, table).stream().findFirst();
  }

  /**
   * All tables and views outside the system schemas, by schema and name.
   *
   * @throws SQLException if the catalog cannot be read
   */
  public List<CatalogTable> list() throws SQLException {
    return tables(null, null);
  }

  private List<CatalogTable> tables(@Nullable String schema, @Nullable String table)
      throws SQLException {
    List<TableRow> rows = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(TABLES)) {
      query.setString(1, schema);
      query.setString(2, schema);
      query.setString(3, table);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          rows.add(TableRow.of(row));
        }
      }
    }
    Long[] oids = rows.stream().map(TableRow::oid).toArray(Long[]::new);
    Map<Long, List<CatalogColumn>> columns = columns(oids);
    Map<Long, List<UniqueKey>> keys = keys(oids);
    List<CatalogTable> tables = new ArrayList<>();
    for (TableRow row : rows) {
      List<UniqueKey> unique = keys.getOrDefault(row.oid(), List.of());
      tables.add(
          new CatalogTable(
              (int) row.oid(),
              row.schema(),
              row.name(),
              row.kind(),
              columns.getOrDefault(row.oid(), List.of()),
              unique.stream()
                  .filter(UniqueKey::isPrimary)
                  .findFirst()
                  .map(UniqueKey::columns)
                  .orElse(List.of()),
              unique.stream().filter(key -> !key.isPrimary()).map(UniqueKey::columns).toList()));
    }
    return tables;
  }

  private Map<Long, List<CatalogColumn>> columns(Long[] oids) throws SQLException {
    Map<Long, List<CatalogColumn>> columns = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(COLUMNS)) {
      query.setArray(1, connection.createArrayOf("int8", oids));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          columns
              .computeIfAbsent(row.getLong("oid"), oid -> new ArrayList<>())
              .add(
                  new CatalogColumn(
                      row.getString("name"),
                      (int) row.getLong("type"),
                      row.getInt("typmod"),
                      row.getString("declared"),
                      row.getBoolean("not_null"),
                      row.getString("expression"),
                      row.getBoolean("generated")));
        }
      }
    }
    return columns;
  }

  private Map<Long, List<UniqueKey>> keys(Long[] oids) throws SQLException {
    Map<Long, List<UniqueKey>> keys = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(KEYS)) {
      query.setArray(1, connection.createArrayOf("int8", oids));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          String[] names = (String[]) row.getArray("names").getArray();
          keys.computeIfAbsent(row.getLong("oid"), oid -> new ArrayList<>())
              .add(new UniqueKey(row.getBoolean("is_primary"), List.of(names)));
        }
      }
    }
    return keys;
  }

  private record UniqueKey(boolean isPrimary, List<String> columns) {}

  private record TableRow(long oid, String schema, String name, Kind kind) {
    static TableRow of(ResultSet row) throws SQLException {
      return new TableRow(
          row.getLong("oid"),
          row.getString("schema_name"),
          row.getString("table_name"),
          new Kind(
              row.getString("relkind").charAt(0),
              row.getString("persistence").charAt(0),
              row.getString("identity").charAt(0),
              row.getBoolean("is_partition")));
    }
  }
}

package dev.headwater.capture;

import dev.headwater.log.catalog.CatalogColumn;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TypeCatalog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Says of each table whether it can be captured, and by which key; if not, everything that is in
 * the way, with its remedy.
 *
 * <p>A table that is not fit is not published: publishing one without a replica identity would make
 * the application's own updates and deletes fail. Changes nothing; on the caller's thread.
 */
final class TableFitness {
  private final CaptureConfig config;
  private final Connection connection;
  private final TypeCatalog types;
  private final Map<Integer, List<ReplicaIdentity>> identities;
  private final Map<Integer, Set<String>> looseColumns;

  /** Looks up what is needed of these tables. */
  TableFitness(CaptureConfig config, Connection connection, Collection<CatalogTable> tables)
      throws SQLException {
    this.config = config;
    this.connection = connection;
    this.types = new TypeCatalog(connection);
    List<Integer> oids = tables.stream().map(CatalogTable::oid).toList();
    this.identities = ReplicaIdentity.read(connection, oids);
    this.looseColumns = looseColumns(oids);
  }

  /**
   * Examines a table of a kind that can be captured.
   *
   * @param findings takes what is in the way
   * @return the table with its key; empty when something is in the way
   */
  Optional<CapturedTable> examine(CatalogTable table, List<String> findings) throws SQLException {
    String name = table.schema() + "." + table.name();
    String quoted =
        SourcePreflight.quote(table.schema()) + "." + SourcePreflight.quote(table.name());
    List<String> key = keyOf(name, table);
    int before = findings.size();
    if (key.isEmpty()) {
      findings.add(noKey(name, quoted, table));
      return Optional.empty();
    }
    boolean hasColumns = true;
    for (String column : key) {
      Optional<CatalogColumn> found =
          table.columns().stream().filter(c -> c.name().equals(column)).findFirst();
      if (found.isEmpty()) {
        hasColumns = false;
        findings.add(
            "'keys' of "
                + name
                + " names the column '"
                + column
                + "', which the table does not have");
      } else {
        examineColumn(name, quoted, table, found.get(), findings);
      }
    }
    if (hasColumns) {
      examineIdentity(name, table, key, findings);
    }
    if (is(table, "row_security_active(?::bigint::oid)")) {
      findings.add(
          "row-level security hides rows of "
              + name
              + " from user '"
              + config.user()
              + "', but not their changes: ALTER ROLE "
              + SourcePreflight.quote(config.user())
              + " BYPASSRLS");
    }
    if (!is(table, "has_table_privilege(?::bigint::oid, 'SELECT')")) {
      findings.add(
          "user '"
              + config.user()
              + "' may not read "
              + name
              + ": GRANT SELECT ON "
              + quoted
              + " TO "
              + SourcePreflight.quote(config.user()));
    }
    return findings.size() == before
        ? Optional.of(new CapturedTable(table, key))
        : Optional.empty();
  }

  /** The configured columns, or the primary key's, or those of a unique index that will do. */
  private List<String> keyOf(String name, CatalogTable table) {
    List<String> configured = config.keys().get(name);
    if (configured != null) {
      return configured;
    }
    if (!table.primaryKey().isEmpty()) {
      return table.primaryKey();
    }
    return table.usableUniqueKeys().stream()
        .filter(key -> identitiesOf(table).stream().allMatch(identity -> identity.covers(key)))
        .findFirst()
        .orElse(List.of());
  }

  private List<ReplicaIdentity> identitiesOf(CatalogTable table) {
    List<ReplicaIdentity> all = identities.getOrDefault(table.oid(), List.of());
    // A partitioned table has no rows itself; until it has a partition its own setting stands in.
    return all.size() > 1 && table.kind().relkind() == 'p' ? all.subList(1, all.size()) : all;
  }

  private String noKey(String name, String quoted, CatalogTable table) throws SQLException {
    Optional<String> index = usableIndex(table.oid());
    String remedy =
        index.isPresent()
            ? "ALTER TABLE "
                + quoted
                + " REPLICA IDENTITY USING INDEX "
                + SourcePreflight.quote(index.get())
                + ", or "
            : "";
    return name
        + " has no primary key: "
        + remedy
        + "ALTER TABLE "
        + quoted
        + " ADD PRIMARY KEY (…), or name unique columns under 'keys: {"
        + name
        + ": [column, …]}' and ALTER TABLE "
        + quoted
        + " REPLICA IDENTITY FULL";
  }

  private void examineColumn(
      String name, String quoted, CatalogTable table, CatalogColumn column, List<String> findings)
      throws SQLException {
    if (!column.notNull()) {
      findings.add(
          "the key column '"
              + column.name()
              + "' of "
              + name
              + " may be NULL: ALTER TABLE "
              + quoted
              + " ALTER COLUMN "
              + SourcePreflight.quote(column.name())
              + " SET NOT NULL");
    }
    KeyEquality.objection(
            types.byOid(column.typeOid()),
            column.declaredType(),
            looseColumns.getOrDefault(table.oid(), Set.of()).contains(column.name()))
        .ifPresent(
            why ->
                findings.add(
                    "the column '"
                        + column.name()
                        + "' of "
                        + name
                        + " cannot be part of a key, for "
                        + why
                        + ": name other unique columns under 'keys: {"
                        + name
                        + ": [column, …]}'"));
  }

  private void examineIdentity(
      String name, CatalogTable table, List<String> key, List<String> findings) {
    for (ReplicaIdentity identity : identitiesOf(table)) {
      if (!identity.covers(key)) {
        findings.add(
            "the replica identity of "
                + (identity.name().replace("\"", "").equals(name) ? name : identity.name())
                + " does not cover "
                + (table.kind().relkind() == 'p' ? name + "'s" : "its")
                + " key "
                + key
                + ": ALTER TABLE "
                + identity.name()
                + " REPLICA IDENTITY "
                + (key.equals(table.primaryKey()) ? "DEFAULT" : "FULL"));
      }
    }
  }

  private boolean is(CatalogTable table, String condition) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("SELECT " + condition)) {
      query.setLong(1, Integer.toUnsignedLong(table.oid()));
      try (ResultSet rs = query.executeQuery()) {
        return rs.next() && rs.getBoolean(1);
      }
    }
  }

  private Optional<String> usableIndex(int oid) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT c.relname::text FROM pg_catalog.pg_index i"
                + " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
                + " WHERE i.indrelid = ?::bigint::oid AND i.indisunique AND i.indisvalid"
                + " AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL"
                + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a"
                + " WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])"
                + " AND NOT a.attnotnull)"
                + " ORDER BY i.indnkeyatts, 1 LIMIT 1")) {
      query.setLong(1, Integer.toUnsignedLong(oid));
      try (ResultSet rs = query.executeQuery()) {
        return rs.next() ? Optional.of(rs.getString(1)) : Optional.empty();
      }
    }
  }

  /** Columns whose collation takes different texts for equal. */
  private Map<Integer, Set<String>> looseColumns(List<Integer> oids) throws SQLException {
    Map<Integer, Set<String>> columns = new HashMap<>();
    Long[] unsigned = oids.stream().map(Integer::toUnsignedLong).toArray(Long[]::new);
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT a.attrelid::bigint, a.attname::text FROM pg_catalog.pg_attribute a"
                + " JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation"
                + " WHERE NOT c.collisdeterministic AND a.attrelid = ANY (?::bigint[]::oid[])")) {
      query.setArray(1, connection.createArrayOf("int8", unsigned));
      try (ResultSet rs = query.executeQuery()) {
        while (rs.next()) {
          columns
              .computeIfAbsent((int) rs.getLong(1), table -> new HashSet<>())
              .add(rs.getString(2));
        }
      }
    }
    return columns;
  }
}

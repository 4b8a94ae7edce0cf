package dev.headwater.capture;

import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Looks at a source before anything is made in it: settings, rights and tables, every finding with
 * its fix, all at once.
 *
 * <p>Changes nothing. On the caller's thread.
 */
final class SourcePreflight {
  private static final int OLDEST_VERSION = 120_000;

  private final CaptureConfig config;
  private final Connection connection;
  private final List<String> findings = new ArrayList<>();

  SourcePreflight(CaptureConfig config, Connection connection) {
    this.config = config;
    this.connection = connection;
  }

  /**
   * The tables to capture, by {@code schema.table}.
   *
   * @throws HeadwaterException naming every finding, if there is one
   */
  Map<String, CapturedTable> check() {
    try {
      checkServer();
      Map<String, CapturedTable> tables = checkTables();
      if (!findings.isEmpty()) {
        throw new HeadwaterException(
            FailureCode.SOURCE_NOT_READY,
            "connector '"
                + config.name()
                + "' – the database is not ready for capture:\n  - "
                + String.join("\n  - ", findings),
            "Nothing was changed in the database. Mend the above and start again.");
      }
      return tables;
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private void checkServer() throws SQLException {
    int version = Integer.parseInt(ask("SHOW server_version_num"));
    if (version < OLDEST_VERSION) {
      findings.add(
          "the server is PostgreSQL "
              + ask("SHOW server_version")
              + "; Headwater needs 12 or newer");
    }
    String walLevel = ask("SHOW wal_level");
    if (!walLevel.equals("logical")) {
      findings.add(
          "wal_level is '"
              + walLevel
              + "' and must be 'logical':"
              + " ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL");
    }
    if (ask("SELECT pg_is_in_recovery()").equals("t")) {
      findings.add("the server is a standby: point 'url' at the primary");
    }
    if (ask("SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user")
        .equals("f")) {
      findings.add(
          "user '"
              + config.user()
              + "' may not replicate: ALTER ROLE \""
              + config.user()
              + "\" REPLICATION");
    }
    String slot = literal(config.slot().name());
    if (ask("SELECT count(*) FROM pg_replication_slots WHERE slot_name = " + slot).equals("0")
        && ask("SELECT count(*) >= current_setting('max_replication_slots')::int"
                + " FROM pg_replication_slots")
            .equals("t")) {
      findings.add(
          "all replication slots are taken: raise max_replication_slots and restart, or"
              + " drop one that nobody uses (SELECT * FROM pg_replication_slots)");
    }
  }

  private Map<String, CapturedTable> checkTables() throws SQLException {
    Map<String, CapturedTable> captured = new TreeMap<>();
    TableCatalog catalog = new TableCatalog(connection);
    List<TablePattern> patterns = config.tables().stream().map(TablePattern::of).toList();
    List<TablePattern> unmatched = new ArrayList<>(patterns);
    for (CatalogTable table : catalog.list()) {
      String name = table.schema() + "." + table.name();
      boolean wanted = false;
      boolean byName = false;
      for (TablePattern pattern : patterns) {
        if (pattern.matches(name)) {
          unmatched.remove(pattern);
          wanted = true;
          byName |= pattern.isExact();
        }
      }
      if (wanted) {
        examine(name, table, byName).ifPresent(found -> captured.put(name, found));
      }
    }
    for (TablePattern pattern : unmatched) {
      findings.add(
          "table '"
              + pattern
              + "' does not exist in database '"
              + config.database()
              + "'"
              + Suggestions.nearest(pattern.toString(), catalog.list()));
    }
    return captured;
  }

  private java.util.Optional<CapturedTable> examine(String name, CatalogTable table, boolean byName)
      throws SQLException {
    String quoted = quote(table.schema()) + "." + quote(table.name());
    if (!table.isCapturable() || table.kind().isPartition()) {
      if (byName) {
        findings.add(name + " cannot be captured: " + whyNotCapturable(table.kind()));
      }
      return java.util.Optional.empty();
    }
    List<String> configured = config.keys().get(name);
    List<String> key = configured != null ? configured : naturalKey(table);
    if (key.isEmpty()) {
      findings.add(
          name
              + " has no primary key: ALTER TABLE "
              + quoted
              + " ADD PRIMARY KEY (…), or name unique columns under 'keys: {"
              + name
              + ": [column, …]}' and ALTER TABLE "
              + quoted
              + " REPLICA IDENTITY FULL");
      return java.util.Optional.empty();
    }
    for (String column : key) {
      if (table.columns().stream().noneMatch(c -> c.name().equals(column))) {
        findings.add(
            "'keys' of "
                + name
                + " names the column '"
                + column
                + "', which the table does not have");
      }
    }
    if (!identityCovers(table, key)) {
      findings.add(
          "the replica identity of "
              + name
              + " does not cover its key "
              + key
              + ": ALTER TABLE "
              + quoted
              + " REPLICA IDENTITY "
              + (key.equals(table.primaryKey()) ? "DEFAULT" : "FULL"));
    }
    if (ask("SELECT has_table_privilege(" + table.oid() + "::oid, 'SELECT')").equals("f")) {
      findings.add(
          "user '"
              + config.user()
              + "' may not read "
              + name
              + ": GRANT SELECT ON "
              + quoted
              + " TO "
              + quote(config.user()));
    }
    return java.util.Optional.of(new CapturedTable(table, key));
  }

  /** The primary key, or else the columns of a unique index that is the replica identity. */
  private static List<String> naturalKey(CatalogTable table) {
    if (!table.primaryKey().isEmpty()) {
      return table.primaryKey();
    }
    boolean identified = table.kind().replicaIdentity() == 'f';
    return identified && !table.usableUniqueKeys().isEmpty()
        ? table.usableUniqueKeys().get(0)
        : List.of();
  }

  /** Whether deletes and key changes carry the key, and the application's own writes go through. */
  private static boolean identityCovers(CatalogTable table, List<String> key) {
    return switch (table.kind().replicaIdentity()) {
      case 'f' -> true;
      case 'd' -> table.primaryKey().containsAll(key);
      default -> false;
    };
  }

  static String whyNotCapturable(CatalogTable.Kind kind) {
    if (kind.isPartition()) {
      return "it is a partition; name the partitioned table instead";
    }
    if (kind.persistence() == 'u') {
      return "it is unlogged, so its changes are not in the write-ahead log;"
          + " ALTER TABLE … SET LOGGED";
    }
    return switch (kind.relkind()) {
      case 'v' -> "it is a view; name the tables behind it";
      case 'm' -> "it is a materialised view; name the tables behind it";
      case 'f' -> "it is a foreign table; capture it where it lives";
      default -> "it is not an ordinary table";
    };
  }

  private String ask(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(sql)) {
      return rs.next() && rs.getString(1) != null ? rs.getString(1) : "";
    }
  }

  static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}

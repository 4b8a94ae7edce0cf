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
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Looks at a source before anything is made in it: settings, rights and tables, every finding with
 * its fix, all at once. What is in the way of one table is in the way of no other.
 *
 * <p>Changes nothing. On the caller's thread.
 */
final class SourcePreflight {
  /** The first whose pgoutput sends messages: the marks that merge loads into the stream. */
  private static final int OLDEST_VERSION = 140_000;

  private final CaptureConfig config;
  private final Connection connection;
  private final List<String> findings = new ArrayList<>();

  SourcePreflight(CaptureConfig config, Connection connection) {
    this.config = config;
    this.connection = connection;
  }

  /**
   * What a look found.
   *
   * @param tables those that can be captured, by {@code schema.table}
   * @param problems what is in the way of the others, by what {@code tables} names
   * @param missing those among the problems that name a table, whole, which does not exist
   */
  record Result(
      Map<String, CapturedTable> tables, Map<String, List<String>> problems, Set<String> missing) {
    /** All problems, one a line. */
    List<String> lines() {
      return problems.values().stream().flatMap(List::stream).toList();
    }
  }

  /**
   * Looks at the source. A table that is not fit is left out and named; the others can go on.
   *
   * @throws HeadwaterException naming every finding, if the server is not ready or no table is
   */
  Result check() {
    try {
      checkServer();
      Result result = checkTables();
      if (!findings.isEmpty() || result.tables().isEmpty()) {
        findings.addAll(result.lines());
        throw notReady(config, findings);
      }
      return result;
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  /**
   * Refuses a named table that is neither in the database nor known in the log: a slip of the pen.
   * One that the log knows was dropped or renamed since, and the others go on.
   *
   * @param known tables that the log has a schema of, as {@code schema.table}
   */
  void requireNamed(Result found, Set<String> known) {
    List<String> slips =
        found.missing().stream()
            .filter(name -> !known.contains(name))
            .flatMap(name -> found.problems().getOrDefault(name, List.of()).stream())
            .toList();
    if (!slips.isEmpty()) {
      throw notReady(config, slips);
    }
  }

  static HeadwaterException notReady(CaptureConfig config, List<String> findings) {
    return new HeadwaterException(
        FailureCode.SOURCE_NOT_READY,
        "connector '"
            + config.name()
            + "' – the database is not ready for capture:\n  - "
            + String.join("\n  - ", findings),
        "Nothing was changed in the database. Mend the above and start again.");
  }

  private void checkServer() throws SQLException {
    int version = Integer.parseInt(ask("SHOW server_version_num"));
    if (version < OLDEST_VERSION) {
      findings.add(
          "the server is PostgreSQL "
              + ask("SHOW server_version")
              + "; Headwater needs 14 or newer, whose replication stream carries the marks that"
              + " merge loaded tables into it");
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

  private Result checkTables() throws SQLException {
    List<TablePattern> unmatched =
        new ArrayList<>(config.tables().stream().map(TablePattern::of).toList());
    List<TablePattern> patterns = List.copyOf(unmatched);
    Map<String, CatalogTable> wanted = new TreeMap<>();
    Map<String, List<String>> problems = new TreeMap<>();
    List<CatalogTable> all = new TableCatalog(connection).list();
    for (CatalogTable table : all) {
      String name = table.schema() + "." + table.name();
      boolean isNamed = false;
      boolean isWanted = false;
      for (TablePattern pattern : patterns) {
        if (pattern.matches(name)) {
          unmatched.remove(pattern);
          isWanted = true;
          isNamed |= pattern.isExact();
        }
      }
      if (isWanted && table.isCapturable() && !table.kind().isPartition()) {
        wanted.put(name, table);
      } else if (isNamed) {
        problems.put(
            name, List.of(name + " cannot be captured: " + whyNotCapturable(table.kind())));
      }
    }
    Set<String> missing = new TreeSet<>();
    for (TablePattern pattern : unmatched) {
      if (pattern.isExact()) {
        missing.add(pattern.toString());
      }
      problems.put(
          pattern.toString(),
          List.of(
              "table '"
                  + pattern
                  + "' does not exist in database '"
                  + config.database()
                  + "'"
                  + Suggestions.nearest(pattern.toString(), all)));
    }
    return new Result(fit(wanted, problems), problems, missing);
  }

  private Map<String, CapturedTable> fit(
      Map<String, CatalogTable> wanted, Map<String, List<String>> problems) throws SQLException {
    TableFitness fitness = new TableFitness(config, connection, wanted.values());
    Map<String, CapturedTable> captured = new TreeMap<>();
    for (Map.Entry<String, CatalogTable> table : wanted.entrySet()) {
      List<String> inTheWay = new ArrayList<>();
      fitness
          .examine(table.getValue(), inTheWay)
          .ifPresentOrElse(
              fit -> captured.put(table.getKey(), fit),
              () -> problems.put(table.getKey(), inTheWay));
    }
    return captured;
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

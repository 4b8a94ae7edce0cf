package dev.headwater.log.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The settings of every session in which values of a source are read, so that PostgreSQL prints a
 * value the same way whichever session prints it. Snapshot and stream both use them.
 *
 * <p>Time limits such as {@code statement_timeout} are not among them: they belong to whoever runs
 * the source.
 */
public final class SourceSession {
  private static final Map<String, String> SETTINGS = settingsInOrder();

  private SourceSession() {}

  /** Name and value of each setting. */
  public static Map<String, String> settings() {
    return SETTINGS;
  }

  /**
   * One SQL text that makes all the settings for the rest of a session, for instance as a pool's
   * first statement. Run it outside a transaction: a rollback would undo it.
   */
  public static String sql() {
    return SETTINGS.entrySet().stream()
        .map(setting -> "SET " + setting.getKey() + " = " + sqlValue(setting.getValue()))
        .collect(Collectors.joining("; "));
  }

  /**
   * The same settings as the startup packet's {@code options}, the only way into a physical
   * walsender. The JDBC driver also sends {@code TimeZone}, {@code DateStyle} and {@code
   * client_encoding} of its own, which win over these: the first is the virtual machine's zone
   * until {@link #sql()} is run.
   */
  public static String startupOptions() {
    return SETTINGS.entrySet().stream()
        .map(setting -> "-c " + setting.getKey() + "=" + optionValue(setting.getValue()))
        .collect(Collectors.joining(" "));
  }

  /**
   * Makes the settings in a connection that is not inside a transaction.
   *
   * @throws SQLException if the connection is broken
   */
  public static void applyTo(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql());
    }
  }

  private static String sqlValue(String value) {
    return "'" + value.replace("'", "''") + "'";
  }

  private static String optionValue(String value) {
    return value.replace("\\", "\\\\").replace(" ", "\\ ");
  }

  private static Map<String, String> settingsInOrder() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("client_encoding", "UTF8");
    settings.put("DateStyle", "ISO");
    settings.put("IntervalStyle", "iso_8601");
    settings.put("TimeZone", "UTC");
    settings.put("extra_float_digits", "3");
    settings.put("bytea_output", "hex");
    settings.put("lc_monetary", "C");
    // regclass and its like print a schema only where the path does not lead to it, and quotes only
    // where they must, unless told otherwise.
    settings.put("search_path", "pg_catalog");
    settings.put("quote_all_identifiers", "off");
    // A read that row-level security would thin out fails instead of returning fewer rows than the
    // WAL holds.
    settings.put("row_security", "off");
    return java.util.Collections.unmodifiableMap(settings);
  }
}

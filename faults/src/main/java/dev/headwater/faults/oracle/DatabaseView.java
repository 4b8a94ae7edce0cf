package dev.headwater.faults.oracle;

import dev.headwater.faults.workload.Tables;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The source itself, or its replica: all tables in one snapshot. */
public final class DatabaseView implements View {
  private static final String NO_SUCH_TABLE = "42P01";
  private static final String NO_SUCH_SCHEMA = "3F000";

  /** Opens a session. */
  @FunctionalInterface
  public interface Sessions {
    Connection open() throws SQLException;
  }

  private final String name;
  private final String schema;
  private final Sessions sessions;

  public DatabaseView(String name, String schema, Sessions sessions) {
    this.name = name;
    this.schema = schema;
    this.sessions = sessions;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Map<String, String> markers() throws SQLException {
    return read(List.of("marker"));
  }

  @Override
  public Map<String, String> rows() throws SQLException {
    return read(Tables.ALL);
  }

  private Map<String, String> read(List<String> tables) throws SQLException {
    Map<String, String> rows = new HashMap<>();
    try (Connection connection = sessions.open()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setAutoCommit(false);
      for (String table : tables) {
        try (Statement statement = connection.createStatement();
            ResultSet rs = statement.executeQuery("SELECT * FROM " + schema + "." + table)) {
          while (rs.next()) {
            rows.put(Rows.key(table, rs.getLong("id")), Rows.of(rs));
          }
        }
      }
    } catch (SQLException e) {
      // A replica's tables appear with their first rows: until then there are none.
      if (!NO_SUCH_TABLE.equals(e.getSQLState()) && !NO_SUCH_SCHEMA.equals(e.getSQLState())) {
        throw e;
      }
    }
    return rows;
  }
}

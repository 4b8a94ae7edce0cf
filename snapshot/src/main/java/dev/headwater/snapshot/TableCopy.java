package dev.headwater.snapshot;

import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads whole tables, one after the other, through {@code COPY … TO STDOUT}, and encodes each row
 * as the stream would.
 *
 * <p>A table is read in one statement, so in one snapshot; no lock keeps writers out. One row is in
 * memory at a time. Used by one thread at a time.
 */
public final class TableCopy {
  private final String jdbcUrl;
  private final Properties properties;

  /** Takes one row. */
  @FunctionalInterface
  public interface RowReceiver {
    /**
     * Takes one row.
     *
     * @param key canonical key bytes
     * @param value the row's JSON bytes
     * @param nulls the {@code nulls} header, or null
     */
    void row(byte[] key, byte[] value, @Nullable String nulls) throws InterruptedException;
  }

  /**
   * @param jdbcUrl the source, without user or secret
   * @param properties the driver's: user, password and what else the source needs
   */
  public TableCopy(String jdbcUrl, Properties properties) {
    this.jdbcUrl = jdbcUrl;
    this.properties = properties;
  }

  /**
   * Reads all rows of a table.
   *
   * @param schema which columns, in this order
   * @param masks by column name
   * @throws HeadwaterException if the table cannot be read
   */
  public void read(TableSchema schema, Map<String, ColumnMask> masks, RowReceiver rows)
      throws InterruptedException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl, properties)) {
      SourceSession.applyTo(connection);
      CopyOut copy =
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyOut("COPY (" + select(connection, schema) + ") TO STDOUT");
      try {
        CopyTextReader line = new CopyTextReader(schema.columns().size());
        RowEncoder encoder = new RowEncoder(schema, masks);
        for (byte[] text = copy.readFromCopy(); text != null; text = copy.readFromCopy()) {
          int end = text[text.length - 1] == '\n' ? text.length - 1 : text.length;
          line.read(text, 0, end);
          line.writeTo(encoder);
          rows.row(encoder.key(), encoder.row(), encoder.nulls());
        }
      } finally {
        if (copy.isActive()) {
          copy.cancelCopy();
        }
      }
    } catch (SQLException e) {
      throw failure(schema, e);
    }
  }

  /** Child tables of an ordinary table are tables of their own; a partitioned one has no other. */
  private static String select(Connection connection, TableSchema schema) throws SQLException {
    String table = quote(schema.table().schema()) + "." + quote(schema.table().name());
    boolean partitioned;
    try (Statement statement = connection.createStatement();
        ResultSet rs =
            statement.executeQuery(
                "SELECT relkind FROM pg_class WHERE oid = '"
                    + table.replace("'", "''")
                    + "'::regclass")) {
      partitioned = rs.next() && rs.getString(1).equals("p");
    }
    return schema.columns().stream()
        .map(ColumnSchema::name)
        .map(TableCopy::quote)
        .collect(
            Collectors.joining(", ", "SELECT ", " FROM " + (partitioned ? "" : "ONLY ") + table));
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  private static HeadwaterException failure(TableSchema schema, SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String message =
        "table "
            + schema.table()
            + " – could not be read: "
            + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    if (state.startsWith("42")) {
      return new HeadwaterException(
          FailureCode.SOURCE_NOT_READY,
          message,
          "GRANT SELECT ON the table TO the connector's user, or take it out of 'tables'.",
          e);
    }
    return new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        message,
        "The table is read again from its first row once the database answers.",
        e);
  }
}

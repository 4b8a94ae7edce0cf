package dev.headwater.snapshot;

import dev.headwater.log.catalog.CatalogColumn;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * One read of one table, inside a transaction of the caller's, from COPY's lines to the sink.
 *
 * <p>The transaction is READ COMMITTED on purpose. The table is locked against changes of its
 * definition first, and the one COPY takes its snapshot after that. A snapshot taken before the
 * lock, as REPEATABLE READ has it, would find the table empty if it was rewritten in between
 * (PostgreSQL manual, "Caveats" of concurrency control).
 */
final class TableRead {
  private static final int ROWS_PER_REPORT = 5_000;
  private static final long BYTES_PER_REPORT = 4L << 20;

  private final Connection connection;
  private final TableSchema schema;
  private final RowEncoder encoder;
  private final CopyTextReader reader;
  private long rows;
  private long bytes;

  TableRead(Connection connection, TableSchema schema, Map<String, ColumnMask> masks) {
    this.connection = connection;
    this.schema = schema;
    this.encoder = new RowEncoder(schema, masks);
    this.reader = new CopyTextReader(schema.columns().size());
  }

  void run(RowSink sink, SnapshotProgress progress)
      throws SQLException, IOException, InterruptedException {
    Optional<CatalogTable> before = current();
    boolean partitioned = before.isPresent() && before.get().kind().relkind() == 'p';
    // ONLY of a partitioned table has no rows.
    String select = "SELECT " + columns() + " FROM " + (partitioned ? "" : "ONLY ") + table();
    lock(select);
    requireSameShape(before.orElseThrow(), current().orElseThrow());
    CopyOut copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (" + select + ") TO STDOUT");
    try {
      drain(copy, sink, progress);
    } catch (SQLException | InterruptedException | RuntimeException e) {
      release(copy, e);
      throw e;
    }
    progress.read(rows, bytes);
  }

  private void drain(CopyOut copy, RowSink sink, SnapshotProgress progress)
      throws SQLException, InterruptedException {
    long reportedRows = 0;
    long reportedBytes = 0;
    for (byte[] line = copy.readFromCopy(); line != null; line = copy.readFromCopy()) {
      reader.read(line, 0, line.length);
      reader.writeTo(encoder);
      sink.row(encoder.key(), encoder.row(), encoder.nulls());
      rows++;
      bytes += line.length;
      if (rows - reportedRows >= ROWS_PER_REPORT || bytes - reportedBytes >= BYTES_PER_REPORT) {
        progress.read(rows, bytes);
        reportedRows = rows;
        reportedBytes = bytes;
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while reading " + schema.table());
        }
      }
    }
  }

  /**
   * Ends a COPY that was cut short. The driver lets nobody else use the connection until then, not
   * even to roll back, and waits for that without end.
   */
  private static void release(CopyOut copy, Exception cause) {
    try {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Takes the lock that COPY takes. LOCK TABLE would not do: it wants a right on the whole table
   * where rights on the columns are enough to read them.
   */
  private void lock(String select) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(select + " LIMIT 0");
    }
  }

  private void requireSameShape(CatalogTable before, CatalogTable now) {
    if (before.oid() != now.oid()) {
      throw altered("Table '%s' – was replaced by another".formatted(schema.table()));
    }
    Map<String, String> declared =
        now.columns().stream()
            .collect(Collectors.toMap(CatalogColumn::name, CatalogColumn::declaredType));
    Optional<ColumnSchema> changed =
        schema.columns().stream()
            .filter(column -> !column.declaredType().equals(declared.get(column.name())))
            .findFirst();
    if (changed.isPresent()) {
      ColumnSchema column = changed.get();
      throw altered(
          "Table '%s' – its column '%s' is '%s' now, and was '%s' in schema version %d"
              .formatted(
                  schema.table(),
                  column.name(),
                  Objects.requireNonNullElse(declared.get(column.name()), "missing"),
                  column.declaredType(),
                  schema.version()));
    }
  }

  private static HeadwaterException altered(String message) {
    return new HeadwaterException(
        FailureCode.SOURCE_INCONSISTENT,
        message,
        "The table was altered in the meantime: start again, its new schema is read then.");
  }

  private Optional<CatalogTable> current() throws SQLException {
    return new TableCatalog(connection).read(schema.table().schema(), schema.table().name());
  }

  private String columns() throws SQLException {
    StringBuilder list = new StringBuilder();
    for (ColumnSchema column : schema.columns()) {
      list.append(list.isEmpty() ? "" : ", ").append(quoted(column.name()));
    }
    return list.toString();
  }

  private String table() throws SQLException {
    return quoted(schema.table().schema()) + "." + quoted(schema.table().name());
  }

  private String quoted(String name) throws SQLException {
    return connection.unwrap(PGConnection.class).escapeIdentifier(name);
  }
}

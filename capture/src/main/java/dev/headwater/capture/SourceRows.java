package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.Visibility;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads columns of rows, found by their keys, from the source as it is now.
 *
 * <p>A read begins only once the source shows what the given transactions wrote: being streamed
 * comes before being visible. From then on every read sees them. The table is locked against
 * changes of its definition before the rows are looked for: a read that began before a rewrite of
 * the table would find it empty (PostgreSQL manual, "Caveats" of concurrency control).
 *
 * <p>On a session of its own, opened when first needed; on the batch's thread.
 */
final class SourceRows implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SourceRows.class);
  private static final long FIRST_PAUSE_MILLIS = 1;
  private static final long LONGEST_PAUSE_MILLIS = 100;
  private static final Duration WORTH_A_WORD = Duration.ofSeconds(5);

  private final CaptureConfig config;
  private final BooleanSupplier stopped;
  private @Nullable Connection connection;

  SourceRows(CaptureConfig config, BooleanSupplier stopped) {
    this.config = config;
    this.stopped = stopped;
  }

  /**
   * What a read found.
   *
   * @param isReadable false when the table is gone or its key's columns are others now: nothing is
   *     known of any row then
   * @param rows by place in the list of keys, those that are there; a column that is gone, or is of
   *     another type now, has no text
   * @param keysRead how many keys, from the first, were looked for: all, or as many as bring what
   *     may be brought at once
   */
  record Found(boolean isReadable, Map<Integer, ColumnTexts> rows, int keysRead) {
    static Found notReadable(int keys) {
      return new Found(false, Map.of(), keys);
    }
  }

  /**
   * Reads rows.
   *
   * @param keys the texts of the key's columns, in key order, row by row
   * @param columns which columns to read, by the schema's index
   * @param xids transactions that must be visible first
   * @param mostBytes after so many no further row is taken; the first always is
   */
  Found read(
      TableWriter table,
      List<String[]> keys,
      int[] columns,
      Collection<Long> xids,
      long mostBytes) {
    try {
      Connection source = session();
      awaitVisible(source, xids);
      source.setAutoCommit(false);
      try {
        return readLocked(source, table, keys, columns, mostBytes);
      } finally {
        source.rollback();
        source.setAutoCommit(true);
      }
    } catch (SQLException e) {
      close();
      throw "42501".equals(e.getSQLState())
          ? mayNotRead(table, e)
          : SourceConnection.refused(config, e);
    }
  }

  private Connection session() {
    Connection open = connection;
    if (open == null) {
      open = SourceConnection.openForReading(config);
      SourceConnection.requireAnswers(config, open);
      connection = open;
    }
    return open;
  }

  private void awaitVisible(Connection source, Collection<Long> xids) throws SQLException {
    long began = System.nanoTime();
    long pause = FIRST_PAUSE_MILLIS;
    boolean told = false;
    while (true) {
      Visibility snapshot = snapshot(source);
      if (xids.stream().allMatch(snapshot::isVisible)) {
        return;
      }
      if (!told && System.nanoTime() - began > WORTH_A_WORD.toNanos()) {
        told = true;
        LOG.atWarn()
            .addKeyValue("connector", config.name())
            .log("waiting for a committed transaction to become visible; does a standby confirm?");
      }
      pause(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
    }
  }

  private static Visibility snapshot(Connection source) throws SQLException {
    try (Statement statement = source.createStatement();
        ResultSet rs = statement.executeQuery("SELECT pg_catalog.txid_current_snapshot()")) {
      rs.next();
      return Visibility.parse(rs.getString(1));
    }
  }

  private void pause(long millis) {
    try {
      if (!stopped.getAsBoolean()) {
        Thread.sleep(millis);
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        "connector '" + config.name() + "' – was told to end while it read from the source",
        "Nothing was written. Capture goes on from the log's position when it is started again.");
  }

  private Found readLocked(
      Connection source, TableWriter table, List<String[]> keys, int[] columns, long mostBytes)
      throws SQLException {
    String name = lock(source, table);
    if (name == null) {
      return Found.notReadable(keys.size());
    }
    Map<String, Integer> types = columnTypes(source, table.relationOid());
    TableSchema schema = table.schema();
    int[] keyColumns = schema.keyIndexes();
    if (!Arrays.stream(keyColumns).allMatch(column -> isSame(table, column, types))) {
      return Found.notReadable(keys.size());
    }
    int[] readable = Arrays.stream(columns).filter(c -> isSame(table, c, types)).toArray();
    String sql = RowsByKeySql.copy(schema, name, keyColumns, keys, readable);
    CopyOut copy = source.unwrap(PGConnection.class).getCopyAPI().copyOut(sql);
    CopyTextReader line = new CopyTextReader(readable.length + 1);
    Map<Integer, ColumnTexts> rows = new HashMap<>();
    int keysRead = keys.size();
    long bytes = 0;
    for (byte[] next = copy.readFromCopy(); next != null; next = copy.readFromCopy()) {
      if (bytes >= mostBytes) {
        continue; // The driver lets go of the connection only behind the last row.
      }
      line.read(next, 0, next.length);
      ColumnTexts texts = new ColumnTexts(schema.columns().size());
      for (int i = 0; i < readable.length; i++) {
        if (line.isNull(i + 1)) {
          texts.setNull(readable[i]);
        } else {
          texts.set(
              readable[i], Arrays.copyOfRange(line.array(), line.from(i + 1), line.to(i + 1)));
        }
      }
      int place =
          Integer.parseInt(
              new String(line.array(), line.from(0), line.to(0) - line.from(0), US_ASCII));
      rows.put(place, texts);
      bytes += texts.bytes();
      if (bytes >= mostBytes) {
        keysRead = place + 1;
      }
    }
    return new Found(true, rows, keysRead);
  }

  /** Takes the lock that any read takes, on the table as it is named now; null when it is gone. */
  private static @Nullable String lock(Connection source, TableWriter table) throws SQLException {
    String name = nameOf(source, table.relationOid());
    while (name != null) {
      try (Statement statement = source.createStatement()) {
        statement.execute("SELECT FROM " + name + " LIMIT 0");
      } catch (SQLException e) {
        if (!"42P01".equals(e.getSQLState()) && !"3F000".equals(e.getSQLState())) {
          throw e;
        }
        source.rollback();
      }
      String now = nameOf(source, table.relationOid());
      if (Objects.equals(now, name)) {
        return name;
      }
      source.rollback();
      name = now;
    }
    return null;
  }

  /** As a query names it: a plain table without its heirs, a partitioned one with its parts. */
  private static @Nullable String nameOf(Connection source, int oid) throws SQLException {
    try (PreparedStatement query =
        source.prepareStatement(
            "SELECT CASE WHEN c.relkind = 'p' THEN '' ELSE 'ONLY ' END"
                + " || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"
                + " FROM pg_catalog.pg_class c"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE c.oid = ?::bigint::oid")) {
      query.setLong(1, Integer.toUnsignedLong(oid));
      try (ResultSet rs = query.executeQuery()) {
        return rs.next() ? rs.getString(1) : null;
      }
    }
  }

  private static Map<String, Integer> columnTypes(Connection source, int oid) throws SQLException {
    Map<String, Integer> types = new HashMap<>();
    try (PreparedStatement query =
        source.prepareStatement(
            "SELECT attname::text, atttypid::bigint FROM pg_catalog.pg_attribute"
                + " WHERE attrelid = ?::bigint::oid AND attnum > 0 AND NOT attisdropped")) {
      query.setLong(1, Integer.toUnsignedLong(oid));
      try (ResultSet rs = query.executeQuery()) {
        while (rs.next()) {
          types.put(rs.getString(1), (int) rs.getLong(2));
        }
      }
    }
    return types;
  }

  private static boolean isSame(TableWriter table, int column, Map<String, Integer> types) {
    Integer now = types.get(table.schema().columns().get(column).name());
    return now != null && now == table.typeOid(column);
  }

  private HeadwaterException mayNotRead(TableWriter table, SQLException e) {
    String name = table.schema().table().inSource();
    return new HeadwaterException(
        FailureCode.SOURCE_NOT_READY,
        "connector '"
            + config.name()
            + "' – user '"
            + config.user()
            + "' may not read "
            + name
            + ", and an update left out a large value: "
            + SourceConnection.firstLine(e),
        "GRANT SELECT ON " + name + " TO " + SourcePreflight.quote(config.user()) + ";",
        e);
  }

  @Override
  public void close() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      SourceConnection.closeQuietly(open, "row reader");
    }
  }
}

package dev.headwater.faults.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The tables of the workload. Every key is one column {@code id}; {@code ver} counts a row's
 * versions without a gap, from 1 at its insert.
 *
 * <p>Columns are of types whose text is the same in PostgreSQL and in the log's JSON, so that the
 * oracles need no conversion; that other types keep their values is the codec tests' business.
 */
public final class Tables {
  /** All captured tables. */
  public static final List<String> ALL =
      List.of("account_a", "account_b", "ledger", "churn", "bulk", "wide", "marker");

  /** Tables whose rows carry {@code ver}. */
  public static final List<String> VERSIONED =
      List.of("account_a", "account_b", "churn", "wide", "marker");

  static final int ACCOUNTS = 500;
  static final int HOT_KEYS = 200;
  static final int WIDE_ROWS = 40;

  /** As many as keep every partition's end in sight: a marker is one update of each. */
  static final int MARKERS = 12;

  /** How many rows there are before the workload begins. */
  public static final int FIRST_ROWS = 2 * ACCOUNTS + HOT_KEYS + WIDE_ROWS + MARKERS;

  private Tables() {}

  /** The ids of the rows of {@code marker}. */
  public static LongStream markers() {
    return LongStream.rangeClosed(1, MARKERS);
  }

  /** Creates and fills them: what a first load has to bring. */
  public static void create(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String account : List.of("account_a", "account_b")) {
        statement.execute(
            "CREATE TABLE "
                + account
                + " (id bigint PRIMARY KEY, ver bigint NOT NULL, balance numeric(20,2) NOT NULL);"
                + " INSERT INTO "
                + account
                + " SELECT g, 1, 1000 FROM generate_series(1, "
                + ACCOUNTS
                + ") g");
      }
      statement.execute(
          "CREATE TABLE ledger (id bigint PRIMARY KEY, changes int NOT NULL, note text)");
      statement.execute(
          "CREATE TABLE churn (id bigint PRIMARY KEY, ver bigint NOT NULL, v text, n int);"
              + "INSERT INTO churn SELECT g, 1, 'first', 0 FROM generate_series(1, "
              + HOT_KEYS
              + ") g");
      statement.execute("CREATE TABLE bulk (id bigint PRIMARY KEY, v text, n int)");
      // Kept outside the row, so that an update of n alone leaves it unchanged on disk.
      statement.execute(
          "CREATE TABLE wide (id bigint PRIMARY KEY, ver bigint NOT NULL, n int, pad text);"
              + "ALTER TABLE wide ALTER COLUMN pad SET STORAGE EXTERNAL;"
              + "ALTER TABLE wide REPLICA IDENTITY FULL;"
              + "INSERT INTO wide SELECT g, 1, 0, repeat(md5(g::text), 400)"
              + " FROM generate_series(1, "
              + WIDE_ROWS
              + ") g");
      statement.execute(
          "CREATE TABLE marker (id bigint PRIMARY KEY, ver bigint NOT NULL);"
              + "INSERT INTO marker SELECT g, 1 FROM generate_series(1, "
              + MARKERS
              + ") g");
    }
  }
}

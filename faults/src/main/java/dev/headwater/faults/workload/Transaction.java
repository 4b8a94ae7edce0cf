package dev.headwater.faults.workload;

import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.postgresql.PGConnection;

/**
 * The steps a transaction is made of; counts the changes of captured rows, as the log must have
 * them: a changed key counts twice. Belongs to its writer's thread.
 */
final class Transaction {
  private static final AtomicLong NEXT_ID = new AtomicLong(1_000_000);

  private final Connection connection;
  private final Random random;
  private int changes;

  Transaction(Connection connection, Random random) {
    this.connection = connection;
    this.random = random;
  }

  int changes() {
    return changes;
  }

  /** One step, drawn; now and then inside a savepoint that is rolled back. */
  void step() throws SQLException, IOException {
    if (random.nextInt(6) > 0) {
      draw();
      return;
    }
    Savepoint savepoint = connection.setSavepoint();
    int before = changes;
    draw();
    if (random.nextBoolean()) {
      connection.rollback(savepoint);
      changes = before;
    } else {
      connection.releaseSavepoint(savepoint);
    }
  }

  private void draw() throws SQLException, IOException {
    int dice = random.nextInt(100);
    if (dice < 30) {
      transfer();
    } else if (dice < 55) {
      hotUpdate();
    } else if (dice < 70) {
      deleteAndInsert();
    } else if (dice < 78) {
      changeKey();
    } else if (dice < 84) {
      widen();
    } else if (dice < 92) {
      copy(1 + random.nextInt(60));
    } else {
      trimBulk();
    }
  }

  /** Money from one account to another, often across tables; in one order, so nobody deadlocks. */
  private void transfer() throws SQLException {
    int amount = 1 + random.nextInt(50);
    long one = 1 + random.nextInt(Tables.ACCOUNTS);
    long other = 1 + random.nextInt(Tables.ACCOUNTS);
    String first = random.nextInt(10) < 3 ? "account_b" : "account_a";
    String second = first.equals("account_b") || random.nextBoolean() ? "account_b" : "account_a";
    move(first, Math.min(one, other), -amount);
    move(second, Math.max(one, other), amount);
  }

  private void move(String table, long id, int amount) throws SQLException {
    changes +=
        run(
            "UPDATE " + table + " SET balance = balance + ?, ver = ver + 1 WHERE id = ?",
            amount,
            id);
  }

  private long hotKey() {
    return random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(Tables.HOT_KEYS);
  }

  private void hotUpdate() throws SQLException {
    changes +=
        run(
            "UPDATE churn SET ver = ver + 1, n = ?, v = 'u' || n WHERE id = ?",
            random.nextInt(1_000_000),
            hotKey());
  }

  private void deleteAndInsert() throws SQLException {
    long id = hotKey();
    changes += run("DELETE FROM churn WHERE id = ?", id);
    if (random.nextInt(4) > 0) {
      changes += run("INSERT INTO churn VALUES (?, 1, 'again', 0) ON CONFLICT DO NOTHING", id);
    }
  }

  /** Away from the hot keys and, some time later, back. */
  private void changeKey() throws SQLException {
    long id = 2 + random.nextInt(Tables.HOT_KEYS - 1);
    long away = 10_000 + id;
    boolean leaving = random.nextBoolean();
    String sql =
        "UPDATE churn SET id = ?, ver = ver + 1 WHERE id = ?"
            + " AND NOT EXISTS (SELECT FROM churn WHERE id = ?)";
    long from = leaving ? id : away;
    long to = leaving ? away : id;
    changes += 2 * run(sql, to, from, to);
  }

  private void widen() throws SQLException {
    long id = 1 + random.nextInt(Tables.WIDE_ROWS);
    if (random.nextInt(4) == 0) {
      changes +=
          run(
              "UPDATE wide SET ver = ver + 1, pad = repeat(md5(?::text), ?) WHERE id = ?",
              random.nextInt(),
              250 + random.nextInt(600),
              id);
    } else {
      changes += run("UPDATE wide SET ver = ver + 1, n = ? WHERE id = ?", random.nextInt(), id);
    }
  }

  /** Rows by COPY, many of which share one place in the WAL. */
  void copy(int rows) throws SQLException, IOException {
    long first = NEXT_ID.getAndAdd(rows);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      text.append(first + i).append("\tcopied\t").append(i).append('\n');
    }
    connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn("COPY bulk (id, v, n) FROM STDIN", new StringReader(text.toString()));
    changes += rows;
  }

  /** Many rows by one statement. */
  void insertMany(int rows) throws SQLException {
    long first = NEXT_ID.getAndAdd(rows);
    changes +=
        run("INSERT INTO bulk SELECT ? + g, 'many', g FROM generate_series(1, ?) g", first, rows);
  }

  private void trimBulk() throws SQLException {
    changes +=
        run(
            "DELETE FROM bulk WHERE id IN (SELECT id FROM bulk ORDER BY id LIMIT ?"
                + " FOR UPDATE SKIP LOCKED)",
            1 + random.nextInt(120));
  }

  /** All but the newest rows of {@code bulk}. */
  void trimBulkTo(int rows) throws SQLException {
    changes +=
        run(
            "DELETE FROM bulk WHERE id IN (SELECT id FROM bulk ORDER BY id DESC OFFSET ?"
                + " FOR UPDATE SKIP LOCKED)",
            rows);
  }

  /** One new version of every marker. */
  void mark() throws SQLException {
    changes += run("UPDATE marker SET ver = ver + 1");
  }

  /** Old entries of a session; the log has seen them. */
  void trimLedger(long firstInclusive, long lastExclusive) throws SQLException {
    changes += run("DELETE FROM ledger WHERE id >= ? AND id < ?", firstInclusive, lastExclusive);
  }

  /** The last step: says how many changes the transaction makes, this one included. */
  void enter(long entry) throws SQLException {
    changes++;
    run("INSERT INTO ledger VALUES (?, ?, 'entry')", entry, changes);
  }

  private int run(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }
}

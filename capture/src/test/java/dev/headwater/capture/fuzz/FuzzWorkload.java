package dev.headwater.capture.fuzz;

import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.postgresql.PGConnection;

/**
 * Four writers whose every change a trigger records in the same transaction, in a table that is not
 * captured: what is committed there is what the log must hold.
 *
 * <p>Each writer owns its keys but for forty hot rows that all of them update.
 */
final class FuzzWorkload implements AutoCloseable {
  private static final int WRITERS = 4;
  private static final int HOT_ROWS = 40;

  /** Incompressible, so that it lies out of line. */
  private static final String LARGE =
      "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300))";

  private final String url;
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong nextId = new AtomicLong(1000);
  private final List<Thread> threads = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();

  FuzzWorkload(String url, long seed) {
    this.url = url;
    for (int i = 0; i < WRITERS; i++) {
      Random random = new Random(seed * 31 + i);
      threads.add(new Thread(() -> write(random), "writer-" + i));
    }
    threads.add(new Thread(() -> bulk(new Random(seed)), "bulk"));
  }

  static void createTables(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE t_a (id bigint PRIMARY KEY, v text, n int);"
              + "CREATE TABLE t_b (id bigint PRIMARY KEY, v text, n int);"
              + "CREATE TABLE t_big (id bigint PRIMARY KEY, v text, n int, big text);"
              + "CREATE TABLE t_gone (id bigint PRIMARY KEY, v text, n int);"
              + "CREATE TABLE audit (no bigserial PRIMARY KEY, tbl text, op text, id bigint,"
              + " v text, n int);"
              + "CREATE FUNCTION record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              + " IF TG_OP = 'INSERT' THEN INSERT INTO audit(tbl, op, id, v, n)"
              + "   VALUES (TG_TABLE_NAME, 'c', NEW.id, NEW.v, NEW.n);"
              + " ELSIF TG_OP = 'DELETE' THEN INSERT INTO audit(tbl, op, id)"
              + "   VALUES (TG_TABLE_NAME, 'd', OLD.id);"
              + " ELSE IF OLD.id <> NEW.id THEN INSERT INTO audit(tbl, op, id)"
              + "     VALUES (TG_TABLE_NAME, 'd', OLD.id); END IF;"
              + "   INSERT INTO audit(tbl, op, id, v, n)"
              + "     VALUES (TG_TABLE_NAME, 'u', NEW.id, NEW.v, NEW.n); END IF;"
              + " RETURN NULL; END $$;"
              + "CREATE TRIGGER r AFTER INSERT OR UPDATE OR DELETE ON t_a"
              + " FOR EACH ROW EXECUTE FUNCTION record();"
              + "CREATE TRIGGER r AFTER INSERT OR UPDATE OR DELETE ON t_b"
              + " FOR EACH ROW EXECUTE FUNCTION record();"
              + "CREATE TRIGGER r AFTER INSERT OR UPDATE OR DELETE ON t_big"
              + " FOR EACH ROW EXECUTE FUNCTION record();"
              + "CREATE TRIGGER r AFTER INSERT OR UPDATE OR DELETE ON t_gone"
              + " FOR EACH ROW EXECUTE FUNCTION record();"
              + "CREATE FUNCTION record_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              + " INSERT INTO audit(tbl, op, id) SELECT 't_gone', 't', id FROM t_gone;"
              + " RETURN NULL; END $$;"
              + "CREATE TRIGGER t BEFORE TRUNCATE ON t_gone EXECUTE FUNCTION record_all();");
    }
  }

  void start() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO t_a SELECT g, 'hot', 0 FROM generate_series(1, " + HOT_ROWS + ") g");
      statement.execute(
          "INSERT INTO t_big SELECT g, 'large', 0, " + LARGE + " FROM generate_series(1, 8) g");
    }
    threads.forEach(Thread::start);
  }

  private void write(Random random) {
    try (Connection connection = DriverManager.getConnection(url)) {
      connection.setAutoCommit(false);
      while (!stop.get()) {
        try {
          transaction(connection, random);
          if (random.nextInt(10) == 0) {
            connection.rollback();
          } else {
            connection.commit();
          }
        } catch (SQLException e) {
          undo(connection, e);
        }
        Thread.sleep(random.nextInt(12));
      }
    } catch (SQLException | java.io.IOException e) {
      synchronized (failures) {
        failures.add(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void transaction(Connection connection, Random random)
      throws SQLException, java.io.IOException, InterruptedException {
    int steps = 1 + random.nextInt(5);
    for (int i = 0; i < steps; i++) {
      String table = random.nextBoolean() ? "t_a" : "t_b";
      Savepoint savepoint = random.nextInt(3) == 0 ? connection.setSavepoint() : null;
      step(connection, random, table);
      if (savepoint != null) {
        if (random.nextBoolean()) {
          connection.rollback(savepoint);
        } else {
          connection.releaseSavepoint(savepoint);
        }
      }
    }
    if (random.nextInt(60) == 0) {
      // Left open over a restart of capture.
      Thread.sleep(1000 + random.nextInt(3000));
    }
  }

  private void step(Connection connection, Random random, String table)
      throws SQLException, java.io.IOException {
    long id = nextId.incrementAndGet();
    switch (random.nextInt(11)) {
      case 0 -> copy(connection, table, 1 + random.nextInt(500));
      case 1 ->
          run(
              connection,
              "UPDATE t_a SET n = n + 1, v = 'h' || n WHERE id = "
                  + (1 + random.nextInt(HOT_ROWS)));
      case 2 ->
          run(
              connection,
              "DELETE FROM "
                  + table
                  + " WHERE id IN (SELECT id FROM "
                  + table
                  + " WHERE id > 1000 ORDER BY id DESC LIMIT "
                  + (1 + random.nextInt(20))
                  + " FOR UPDATE SKIP LOCKED)");
      case 3 ->
          run(
              connection,
              "UPDATE "
                  + table
                  + " SET id = id + 1000000000 WHERE id IN (SELECT id"
                  + " FROM "
                  + table
                  + " WHERE id BETWEEN 1001 AND 1000000000 ORDER BY id DESC LIMIT "
                  + (1 + random.nextInt(5))
                  + " FOR UPDATE SKIP LOCKED)");
      case 4 ->
          run(
              connection,
              "INSERT INTO "
                  + table
                  + " SELECT "
                  + nextId.addAndGet(50)
                  + " - g, 'multi', g FROM generate_series(0, 40) g");
      case 9 ->
          run(
              connection,
              random.nextInt(100) == 0
                  ? "TRUNCATE t_gone"
                  : "UPDATE t_gone SET n = n + 1 WHERE id IN (SELECT id FROM t_gone ORDER BY id"
                      + " DESC LIMIT 5 FOR UPDATE SKIP LOCKED)");
      case 10 ->
          run(
              connection,
              "INSERT INTO t_gone SELECT "
                  + nextId.addAndGet(50)
                  + " - g, 'multi', g FROM generate_series(0, 20) g");
      case 8 ->
          run(
              connection,
              "UPDATE t_big SET n = n + 1"
                  + (random.nextInt(4) == 0 ? ", big = " + LARGE : "")
                  + " WHERE id = "
                  + (1 + random.nextInt(8)));
      case 5 ->
          run(
              connection,
              "INSERT INTO "
                  + table
                  + " VALUES ("
                  + id
                  + ", 'x', 1); DELETE FROM "
                  + table
                  + " WHERE id = "
                  + id
                  + "; INSERT INTO "
                  + table
                  + " VALUES ("
                  + id
                  + ", 'again', 2)");
      default -> run(connection, "INSERT INTO " + table + " VALUES (" + id + ", 'single', 0)");
    }
  }

  private void copy(Connection connection, String table, int rows)
      throws SQLException, java.io.IOException {
    long first = nextId.getAndAdd(rows + 1L) + 1;
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      text.append(first + i).append("\tcopied\t").append(i).append('\n');
    }
    connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn("COPY " + table + " (id, v, n) FROM STDIN", new StringReader(text.toString()));
  }

  /** Now and then a transaction of 50,000 rows, and one that is left open for long. */
  private void bulk(Random random) {
    try (Connection connection = DriverManager.getConnection(url)) {
      connection.setAutoCommit(false);
      while (!stop.get()) {
        Thread.sleep(12_000 + random.nextInt(8000));
        try {
          bulkTransactions(connection);
        } catch (SQLException e) {
          undo(connection, e);
        }
      }
    } catch (SQLException e) {
      synchronized (failures) {
        failures.add(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void bulkTransactions(Connection connection) throws SQLException {
    long first = nextId.getAndAdd(50_001) + 1;
    run(
        connection,
        "INSERT INTO t_b SELECT " + first + " + g, 'bulk', g FROM generate_series(0, 49999) g");
    connection.commit();
    run(
        connection,
        "INSERT INTO t_gone SELECT "
            + nextId.getAndAdd(50_001)
            + " + g, 'bulk', g FROM generate_series(0, 49999) g");
    connection.commit();
    run(connection, "DELETE FROM t_b WHERE id BETWEEN " + first + " AND " + (first + 49_999));
    connection.commit();
  }

  /** Writers meet on the same rows; a deadlock rolls one of them back, as in life. */
  private static void undo(Connection connection, SQLException e) throws SQLException {
    connection.rollback();
    if (!"40P01".equals(e.getSQLState()) && !"23505".equals(e.getSQLState())) {
      throw e;
    }
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    }
  }

  @Override
  public void close() throws InterruptedException {
    stop.set(true);
    for (Thread thread : threads) {
      thread.join(30_000);
    }
    synchronized (failures) {
      if (!failures.isEmpty()) {
        throw new IllegalStateException("a writer failed: " + failures.get(0), failures.get(0));
      }
    }
  }
}

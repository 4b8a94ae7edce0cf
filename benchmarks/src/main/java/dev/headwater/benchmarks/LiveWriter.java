package dev.headwater.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Changes the source while it is read: updates of the counted rows, a fifth of them of the first
 * hundred, each to a version above all before. Every transaction also inserts a row behind the
 * counted ones and deletes an earlier one of these. A thread and a session of its own.
 */
final class LiveWriter implements AutoCloseable {
  static final int UPDATES_PER_SECOND = 500;
  static final int HOT_ROWS = 100;

  /** The last of the counted rows are never changed. */
  static final int QUIET_ROWS = 200;

  private static final int UPDATES = 10;
  private static final long LIVING_EXTRAS = 50;

  private final Connection session;
  private final String table;
  private final long rows;
  private final Random random = new Random(11);
  private final AtomicLong updates = new AtomicLong();
  private final Thread thread = new Thread(this::run, "writer");
  private volatile boolean stopped;
  private volatile @Nullable SQLException failure;

  LiveWriter(Connection session, String table, long rows) {
    this.session = session;
    this.table = table;
    this.rows = rows;
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    long version = 1 + Tables.number(session, "SELECT max(version) FROM " + table);
    long extra = Tables.number(session, "SELECT max(id) FROM " + table) + 1;
    long firstExtra = extra;
    long start = System.nanoTime();
    long period = TimeUnit.SECONDS.toNanos(1) * UPDATES / UPDATES_PER_SECOND;
    String row = Tables.eventColumns("i.id");
    try (PreparedStatement update =
            session.prepareStatement("UPDATE " + table + " SET version = ? WHERE id = ?");
        PreparedStatement insert =
            session.prepareStatement(
                "INSERT INTO " + table + " SELECT " + row + " FROM (SELECT ?::bigint AS id) i");
        PreparedStatement delete =
            session.prepareStatement("DELETE FROM " + table + " WHERE id = ?")) {
      session.setAutoCommit(false);
      for (long step = 0; !stopped; step++) {
        LockSupport.parkNanos(start + step * period - System.nanoTime());
        for (int i = 0; i < UPDATES; i++) {
          boolean isHot = i % 5 == 0;
          update.setLong(1, version++);
          update.setLong(2, 1 + random.nextLong(isHot ? HOT_ROWS : rows - QUIET_ROWS));
          update.addBatch();
        }
        if (Arrays.stream(update.executeBatch()).anyMatch(changed -> changed != 1)) {
          throw new BenchmarkException("a row of the source that nobody deletes is gone");
        }
        insert.setLong(1, extra++);
        insert.executeUpdate();
        if (extra - firstExtra > LIVING_EXTRAS) {
          delete.setLong(1, extra - LIVING_EXTRAS);
          delete.executeUpdate();
        }
        session.commit();
        updates.addAndGet(UPDATES);
      }
    } catch (SQLException e) {
      failure = e;
    }
  }

  /** How many updates were committed. */
  long updates() {
    return updates.get();
  }

  void requireAlive() {
    SQLException e = failure;
    if (e != null || !thread.isAlive()) {
      throw new BenchmarkException("the writer ended early", e);
    }
  }

  @Override
  public void close() {
    stopped = true;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(30));
      session.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SQLException e) {
      throw new BenchmarkException("the writer's session does not close", e);
    }
    if (failure != null) {
      throw new BenchmarkException("the writer failed", failure);
    }
  }
}

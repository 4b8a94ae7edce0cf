package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoader.Loading;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loads of one capture session: a coordinator that plans tables, and readers that read them.
 *
 * <p>The coordinator's thread is the one that waits: for transactions to end, for the catalog, for
 * topics to be made, for the log to take a state. Readers and stream go on meanwhile.
 */
final class LoadRun implements Loading, Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(LoadRun.class);

  /** So many tables are looked up at once: the first are being read while the next are planned. */
  private static final int TABLES_PER_PLAN = 100;

  private static final long LOOK_MILLIS = 200;
  private static final long PAUSE_MILLIS = 1_000;
  private static final long STOP_MILLIS = 5_000;

  private final LoadSession session;
  private final HikariDataSource pool;
  private final SourceTables sources;
  private final LoadBoard board;
  private final LoadRequests requests;
  private final Sweep sweep;
  private final RunningTransactions running = new RunningTransactions();
  private final List<TableReader> readers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  LoadRun(
      LoadSession session,
      HikariDataSource pool,
      SourceTables sources,
      SnapshotConfig config,
      Map<String, TableLoad> loads,
      LoadRequests requests,
      Sweep sweep) {
    this.session = session;
    this.pool = pool;
    this.sources = sources;
    this.requests = requests;
    this.sweep = sweep;
    this.board = new LoadBoard(config, session.tables(), loads);
    ByteBudget budget = new ByteBudget(config.chunkBytes() * (config.parallelism() + 1L));
    RateLimit rate = new RateLimit(config.rateRowsPerSecond());
    for (int i = 0; i < config.parallelism(); i++) {
      readers.add(new TableReader(session, board, pool, sources, config, budget, rate));
    }
  }

  void start() {
    threads.add(thread(this, "loads"));
    for (int i = 0; i < readers.size(); i++) {
      threads.add(thread(readers.get(i), "reader-" + (i + 1)));
    }
    threads.forEach(Thread::start);
  }

  private Thread thread(Runnable work, String role) {
    Thread thread = new Thread(work, "headwater/" + session.connector() + "/" + role);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        try {
          step();
        } catch (SQLException e) {
          LOG.atWarn()
              .addKeyValue("connector", session.connector())
              .addKeyValue("sqlstate", e.getSQLState())
              .addKeyValue("error", SnapshotFailures.firstLine(e))
              .log("planning loads is tried again");
          board.await(PAUSE_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!stopped) {
        session.fail(e);
      }
    }
  }

  private void step() throws SQLException, InterruptedException {
    requests.obey(session, board, sources);
    boolean planned = plan();
    boolean swept = sweep.sweepOne(session, board);
    if (!planned && !swept) {
      board.await(LOOK_MILLIS);
    }
  }

  /** Plans some tables; false if there was none to plan. */
  private boolean plan() throws SQLException {
    List<TableTask> waiting = board.select(TableTask::needsPlan);
    if (waiting.isEmpty()) {
      return false;
    }
    try (Connection connection = pool.getConnection()) {
      List<TableTask> ready = publishedSince(waiting, connection);
      Map<TableId, Integer> generations = new TreeMap<>();
      for (TableTask task : ready.subList(0, Math.min(TABLES_PER_PLAN, ready.size()))) {
        generations.put(task.table(), board.with(task::generation));
      }
      if (generations.isEmpty()) {
        return false;
      }
      // The definition first: if it changes before the schema is looked up, the first chunk finds
      // that out; the other way round nobody would.
      Map<TableId, SourceTable> found = sources.describe(connection, generations.keySet());
      Map<TableId, LoadTarget> targets = session.open(found.keySet());
      long seq = session.seq();
      Map<TableId, byte[]> states =
          board.plan(generations, table -> Optional.ofNullable(found.get(table)), targets, seq);
      if (!states.isEmpty()) {
        session.record(states);
      }
      return true;
    }
  }

  /** Leaves out tables that transactions may still write to as if they were not published. */
  private List<TableTask> publishedSince(List<TableTask> waiting, Connection connection)
      throws SQLException {
    if (session.isSlotNew() || waiting.stream().noneMatch(TableTask::isNew)) {
      return waiting;
    }
    Optional<String> holders = running.stillRunning(connection);
    if (holders.isEmpty()) {
      return waiting;
    }
    List<TableTask> ready = new ArrayList<>();
    for (TableTask task : waiting) {
      if (task.isNew()) {
        board.run(() -> task.waitsFor(holders.get()));
      } else {
        ready.add(task);
      }
    }
    return ready;
  }

  SnapshotReport report() {
    return new SnapshotReport(board.progress());
  }

  @Override
  public void loadAgain(TableId table, TableLoad wanted) {
    board.restart(table, wanted.reload());
  }

  @Override
  public String doing() {
    return report().summary();
  }

  @Override
  public void close() {
    stopped = true;
    threads.forEach(Thread::interrupt);
    readers.forEach(TableReader::stop);
    long deadline = System.nanoTime() + STOP_MILLIS * 1_000_000;
    for (Thread thread : threads) {
      try {
        thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      if (thread.isAlive()) {
        LOG.atWarn().addKeyValue("thread", thread.getName()).log("did not stop in time");
      }
    }
  }
}

package dev.headwater.faults.workload;

import dev.headwater.faults.topology.Servers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Sessions that write at a given rate until they are paused: transfers, churn on hot keys, changed
 * keys, deletes and inserts of the same key, COPY, savepoints, roll-backs; one whose transactions
 * stay open for seconds, and one whose transactions are large.
 */
public final class Workload implements AutoCloseable {
  private static final int SESSIONS = 6;
  private static final int MARKING_SESSION = 0;
  private static final int LARGE_SESSION = SESSIONS + 2;
  private static final int KEPT_BULK_ROWS = 4_000;
  private static final Duration PAUSE_LIMIT = Duration.ofSeconds(60);

  private final Gate gate = new Gate(SESSIONS + 1);
  private final Acknowledged acknowledged = new Acknowledged();
  private final List<Thread> threads = new ArrayList<>();
  private final Writer marking;
  private final Writer large;
  private long marks = 1;

  /**
   * @param changesPerSecond over all sessions, large transactions not counted
   */
  public Workload(Servers servers, long seed, int changesPerSecond) {
    Pace pace = new Pace(changesPerSecond);
    for (int session = 1; session <= SESSIONS; session++) {
      add(new Writer(session, seed, servers, gate, pace, acknowledged, Workload::several));
    }
    Writer.Body lingering =
        (transaction, random) -> {
          transaction.copy(1 + random.nextInt(300));
          gate.linger(1_000 + random.nextInt(12_000));
          transaction.insertMany(1 + random.nextInt(40));
        };
    add(new Writer(SESSIONS + 1, seed, servers, gate, pace, acknowledged, lingering));
    // These two write when they are told to, on the caller's thread.
    Pace free = new Pace(Integer.MAX_VALUE);
    marking =
        new Writer(
            MARKING_SESSION, seed, servers, gate, free, acknowledged, (t, random) -> t.mark());
    large =
        new Writer(
            LARGE_SESSION,
            seed,
            servers,
            gate,
            free,
            acknowledged,
            (transaction, random) -> {
              transaction.trimBulkTo(KEPT_BULK_ROWS);
              transaction.insertMany(3 * changesPerSecond);
            });
  }

  private void add(Writer writer) {
    Thread thread = new Thread(writer, "writer-" + threads.size());
    thread.setDaemon(true);
    threads.add(thread);
  }

  private static void several(Transaction transaction, java.util.Random random)
      throws java.sql.SQLException, java.io.IOException {
    int steps = 1 + random.nextInt(5);
    for (int i = 0; i < steps; i++) {
      transaction.step();
    }
  }

  /** Lets the sessions write. */
  public void start() {
    threads.forEach(Thread::start);
  }

  /** Returns when no session has a transaction open and none begins one. */
  public void pause() throws InterruptedException {
    if (!gate.close(PAUSE_LIMIT)) {
      throw new IllegalStateException("the workload's sessions did not come to rest");
    }
  }

  public void resume() {
    gate.open();
  }

  /** Commits one large transaction now: a good moment to break something is right after. */
  public void commitLarge() throws InterruptedException {
    large.write();
  }

  /** Writes a new version of every marker, and answers which. */
  public long mark() throws InterruptedException {
    long before = acknowledged.transactions();
    while (acknowledged.transactions() == before) {
      marking.write();
    }
    marks++;
    return marks;
  }

  /** What the source has acknowledged so far. */
  public Acknowledged acknowledged() {
    return acknowledged;
  }

  @Override
  public void close() throws InterruptedException {
    gate.end();
    for (Thread thread : threads) {
      thread.join(10_000);
    }
  }
}

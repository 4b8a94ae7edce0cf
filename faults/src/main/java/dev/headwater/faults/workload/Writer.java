package dev.headwater.faults.workload;

import dev.headwater.faults.topology.Servers;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One session that writes, transaction after transaction, each with an entry in {@code ledger}
 * numbered without a gap; it begins the next only when it knows how the last one ended.
 *
 * <p>A server that is away is tried again for ever; a commit whose answer was lost is looked up
 * before the next one.
 */
final class Writer implements Runnable {
  /** Entries of one session are this far from the next session's. */
  static final long SESSION_SPAN = 1_000_000_000L;

  private static final int KEPT_ENTRIES = 150;

  /** What this session does in a transaction, before its entry. */
  @FunctionalInterface
  interface Body {
    void run(Transaction transaction, Random random)
        throws SQLException, IOException, InterruptedException;
  }

  private final Servers servers;
  private final Gate gate;
  private final Pace pace;
  private final Acknowledged acknowledged;
  private final Random random;
  private final Body body;
  private final long firstEntry;
  private long nextEntry;
  private long oldestEntry;
  private @Nullable Connection connection;

  Writer(
      int session,
      long seed,
      Servers servers,
      Gate gate,
      Pace pace,
      Acknowledged acknowledged,
      Body body) {
    this.servers = servers;
    this.gate = gate;
    this.pace = pace;
    this.acknowledged = acknowledged;
    this.random = new Random(seed * 31 + session);
    this.body = body;
    this.firstEntry = session * SESSION_SPAN;
    this.nextEntry = firstEntry + 1;
    this.oldestEntry = nextEntry;
  }

  @Override
  public void run() {
    try {
      while (gate.pass()) {
        pace.spend(write());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      disconnect();
    }
  }

  /** One transaction, committed, rolled back or refused; how many changes it made. */
  synchronized int write() throws InterruptedException {
    long entry = nextEntry;
    int changes = 0;
    boolean committing = false;
    try {
      Connection session = connected();
      Transaction transaction = new Transaction(session, random);
      body.run(transaction, random);
      if (entry - oldestEntry > 2 * KEPT_ENTRIES) {
        transaction.trimLedger(oldestEntry, entry - KEPT_ENTRIES);
      }
      transaction.enter(entry);
      changes = transaction.changes();
      if (random.nextInt(10) == 0) {
        session.rollback();
        return changes;
      }
      committing = true;
      session.commit();
      settle(entry, changes);
    } catch (SQLException | IOException e) {
      boolean unknown = committing;
      undo();
      if (unknown && isCommitted(entry)) {
        settle(entry, changes);
      } else {
        Thread.sleep(20 + random.nextInt(100));
      }
    }
    return changes;
  }

  private void settle(long entry, int changes) {
    acknowledged.add(entry, changes);
    if (entry - oldestEntry > 2 * KEPT_ENTRIES) {
      oldestEntry = entry - KEPT_ENTRIES;
    }
    nextEntry = entry + 1;
  }

  private Connection connected() throws SQLException {
    Connection current = connection;
    if (current == null) {
      current = servers.connectToSource();
      current.setAutoCommit(false);
      connection = current;
    }
    return current;
  }

  private void undo() {
    Connection current = connection;
    if (current == null) {
      return;
    }
    try {
      current.rollback();
    } catch (SQLException gone) {
      disconnect();
    }
  }

  /** The server was away in the middle of a commit: whether it kept it. Asks until it answers. */
  private boolean isCommitted(long entry) throws InterruptedException {
    while (true) {
      disconnect();
      try {
        Connection session = connected();
        try (PreparedStatement statement =
            session.prepareStatement("SELECT FROM ledger WHERE id = ?")) {
          statement.setLong(1, entry);
          try (ResultSet rs = statement.executeQuery()) {
            boolean found = rs.next();
            session.rollback();
            return found;
          }
        }
      } catch (SQLException stillAway) {
        Thread.sleep(100);
      }
    }
  }

  private void disconnect() {
    Connection current = connection;
    connection = null;
    if (current != null) {
      try {
        current.close();
      } catch (SQLException alreadyGone) {
        // It was to go.
      }
    }
  }
}

package dev.headwater.faults.workload;

import java.util.HashMap;
import java.util.Map;

/**
 * What the source has promised to keep: for each transaction whose commit it acknowledged, its
 * entry in the table {@code ledger} and how many changes of captured rows it made. Thread-safe.
 */
public final class Acknowledged {
  private final Map<Long, Integer> changesByEntry = new HashMap<>();
  private long transactions;
  private long changes;

  synchronized void add(long entry, int changesMade) {
    changesByEntry.put(entry, changesMade);
    transactions++;
    changes += changesMade;
  }

  /** What came since the last call: entry to changes. */
  public synchronized Map<Long, Integer> take() {
    Map<Long, Integer> taken = new HashMap<>(changesByEntry);
    changesByEntry.clear();
    return taken;
  }

  public synchronized long transactions() {
    return transactions;
  }

  public synchronized long changes() {
    return changes;
  }
}

package dev.headwater.capture.window;

import dev.headwater.log.snapshot.Visibility;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * A database of one table as far as windows can tell it from PostgreSQL: a transaction's commit
 * record goes into the log first, in which order it streams; other sessions see what it did only
 * later, when it leaves the list of running transactions. Rows are locked until then.
 */
final class SimulatedSource {
  /** A change of one key; no value is a delete. */
  record Change(int key, Optional<String> value) {}

  /** What stands in the write-ahead log: a transaction with changes, or one with a mark. */
  record Unit(long xid, List<Change> changes, Optional<byte[]> mark) {}

  private static final class Transaction {
    final List<Change> changes = new ArrayList<>();
    boolean isInLog;
  }

  private final int keys;
  private final Map<Integer, String> committed = new TreeMap<>();
  private final TreeMap<Long, Transaction> running = new TreeMap<>();
  private final List<Unit> wal = new ArrayList<>();
  private final Map<Integer, Long> locks = new HashMap<>();
  private long nextXid;
  private int values;

  SimulatedSource(int keys, long firstXid) {
    this.keys = keys;
    this.nextXid = firstXid;
    for (int key = 0; key < keys; key += 2) {
      committed.put(key, "old" + key);
    }
  }

  List<Unit> wal() {
    return wal;
  }

  /** The table as somebody sees it who sees everything; no transaction may be running. */
  Map<Integer, String> rows() {
    return committed;
  }

  boolean isQuiet() {
    return running.isEmpty();
  }

  /** Begins, goes on with, or ends some transaction. */
  void write(Random random) {
    List<Long> open = running.keySet().stream().filter(x -> !running.get(x).isInLog).toList();
    if (open.isEmpty() || (open.size() < 4 && random.nextInt(3) == 0)) {
      running.put(nextXid++, new Transaction());
      return;
    }
    long xid = open.get(random.nextInt(open.size()));
    switch (random.nextInt(6)) {
      case 0 -> rollBack(xid);
      case 1, 2 -> commit(xid);
      default -> change(xid, random);
    }
  }

  private void change(long xid, Random random) {
    int key = random.nextInt(keys);
    if (random.nextInt(4) == 0) {
      move(xid, key, random.nextInt(keys));
    } else if (lock(xid, key)) {
      boolean deletes = random.nextInt(3) == 0;
      set(xid, key, deletes ? Optional.empty() : Optional.of("v" + values++));
    }
  }

  /** An update of the key itself: the row leaves one key and takes the other. */
  private void move(long xid, int from, int to) {
    if (from != to && lock(xid, from) && lock(xid, to)) {
      Map<Integer, String> own = seenBy(xid);
      if (own.containsKey(from) && !own.containsKey(to)) {
        set(xid, from, Optional.empty());
        set(xid, to, Optional.of("m" + values++));
      }
    }
  }

  private void set(long xid, int key, Optional<String> value) {
    running.get(xid).changes.add(new Change(key, value));
  }

  private boolean lock(long xid, int key) {
    return locks.computeIfAbsent(key, k -> xid) == xid;
  }

  private Map<Integer, String> seenBy(long xid) {
    Map<Integer, String> rows = new TreeMap<>(committed);
    running.get(xid).changes.forEach(change -> apply(rows, change));
    return rows;
  }

  private static void apply(Map<Integer, String> rows, Change change) {
    change.value().ifPresentOrElse(v -> rows.put(change.key(), v), () -> rows.remove(change.key()));
  }

  /** The commit record is written, and streams from now on. */
  private void commit(long xid) {
    Transaction transaction = running.get(xid);
    transaction.isInLog = true;
    wal.add(new Unit(xid & 0xFFFF_FFFFL, List.copyOf(transaction.changes), Optional.empty()));
  }

  private void rollBack(long xid) {
    running.remove(xid);
    locks.values().removeIf(owner -> owner == xid);
  }

  /** Some transaction whose commit record is written becomes visible. */
  void show(Random random) {
    List<Long> committing = running.keySet().stream().filter(x -> running.get(x).isInLog).toList();
    if (!committing.isEmpty()) {
      show(committing.get(random.nextInt(committing.size())));
    }
  }

  private void show(long xid) {
    running.remove(xid).changes.forEach(change -> apply(committed, change));
    locks.values().removeIf(owner -> owner == xid);
  }

  /** Ends whatever is running. */
  void settle() {
    for (long xid : List.copyOf(running.keySet())) {
      if (running.get(xid).isInLog) {
        show(xid);
      } else {
        rollBack(xid);
      }
    }
  }

  /** A reader's mark: committed, and visible, when this returns. */
  void mark(byte[] content) {
    wal.add(new Unit(nextXid++ & 0xFFFF_FFFFL, List.of(), Optional.of(content)));
  }

  Visibility look() {
    StringBuilder text = new StringBuilder();
    text.append(running.isEmpty() ? nextXid : running.firstKey()).append(':').append(nextXid);
    String separator = ":";
    for (long xid : running.keySet()) {
      text.append(separator).append(xid);
      separator = ",";
    }
    return Visibility.parse(running.isEmpty() ? text + ":" : text.toString());
  }

  /** What a read sees that begins now. */
  Map<Integer, String> read() {
    return new TreeMap<>(committed);
  }
}

package dev.headwater.faults.oracle;

import dev.headwater.faults.oracle.Verdict.Kind;
import dev.headwater.faults.workload.Tables;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Judges the log record by record, knowing only what the workload promised itself.
 *
 * <ul>
 *   <li>Sequence numbers: from 1, no gap, no twin.
 *   <li>Versions: within a key each follows its predecessor by one; an insert follows a delete or
 *       nothing, a delete follows a row.
 *   <li>Transactions: each acknowledged one is there with exactly as many records as it made
 *       changes; no other is there at all; those of a session stand in the order they were made.
 * </ul>
 *
 * <p>Belongs to one thread at a time.
 */
public final class LogOracle {
  private static final long GONE = -1;
  private static final long SESSION_SPAN = 1_000_000_000L;

  private final Verdict verdict;
  private final Map<String, String> rows = new HashMap<>();
  private final Map<String, Long> versions = new HashMap<>();
  private final TreeSet<Long> seqsAhead = new TreeSet<>();
  private final Map<Long, Integer> recordsByTransaction = new HashMap<>();
  private final Map<Long, LogEntry> openEntries = new HashMap<>();
  private final Set<Long> closedTransactions = new HashSet<>();
  private final Set<Long> closedEntries = new HashSet<>();
  private final Map<Long, Long> lastSeqBySession = new HashMap<>();
  private long seqsWithoutGap;
  private long records;

  public LogOracle(Verdict verdict) {
    this.verdict = verdict;
  }

  /** The next record of its partition. */
  public void accept(LogEntry entry) {
    records++;
    checkSeq(entry);
    if (Tables.VERSIONED.contains(entry.table())) {
      checkVersion(entry);
    }
    if (entry.row() == null) {
      rows.remove(entry.key());
    } else {
      rows.put(entry.key(), entry.row());
    }
    if (entry.op() != 'r') {
      count(entry);
    }
  }

  private void checkSeq(LogEntry entry) {
    if (entry.seq() <= seqsWithoutGap || !seqsAhead.add(entry.seq())) {
      verdict.add(Kind.DOUBLED, 1, "log: seq " + entry.seq() + " again, at " + entry.key());
    }
    while (!seqsAhead.isEmpty() && seqsAhead.first() == seqsWithoutGap + 1) {
      seqsAhead.pollFirst();
      seqsWithoutGap++;
    }
  }

  private void checkVersion(LogEntry entry) {
    long before = versions.getOrDefault(entry.key(), GONE);
    String where = "log: " + entry.key() + " seq " + entry.seq() + ": ";
    if (entry.row() == null) {
      if (before == GONE) {
        verdict.add(Kind.DOUBLED, 1, where + "a delete of what is not there");
      }
      versions.put(entry.key(), GONE);
      return;
    }
    versions.put(entry.key(), entry.ver());
    // A row that is read again, or one that comes from another key, may bring any version.
    if (before == GONE || entry.op() == 'r') {
      if (entry.ver() < before) {
        verdict.add(Kind.STALE, 1, where + "read again in version " + entry.ver());
      } else if (entry.op() == 'c' && entry.ver() != 1) {
        verdict.add(Kind.LOST, 1, where + "an insert of version " + entry.ver());
      }
    } else if (entry.op() == 'c') {
      verdict.add(
          Kind.LOST, 1, where + "an insert over version " + before + ", a delete is missing");
    } else if (entry.ver() == before) {
      verdict.add(Kind.DOUBLED, 1, where + "version " + entry.ver() + " again");
    } else if (entry.ver() < before) {
      verdict.add(Kind.STALE, 1, where + "version " + entry.ver() + " after " + before);
    } else if (entry.ver() > before + 1) {
      verdict.add(
          Kind.LOST,
          entry.ver() - before - 1,
          where + "version " + entry.ver() + " after " + before);
    }
  }

  private void count(LogEntry entry) {
    if (closedTransactions.contains(entry.txid())) {
      verdict.add(
          Kind.DOUBLED, 1, "log: " + entry.key() + " of transaction " + entry.txid() + ", again");
      return;
    }
    recordsByTransaction.merge(entry.txid(), 1, Integer::sum);
    if (entry.table().equals("ledger") && entry.op() == 'c') {
      boolean known = closedEntries.contains(entry.id());
      if (known || openEntries.put(entry.id(), entry) != null) {
        verdict.add(Kind.DOUBLED, 1, "log: entry " + entry.id() + " again");
      }
    }
  }

  /**
   * Called at rest: everything acknowledged since the last time must be in the log by now, and
   * nothing else.
   *
   * @param acknowledged entries of {@code ledger}, to how many changes their transactions made
   */
  public void settle(Map<Long, Integer> acknowledged) {
    new TreeMap<>(acknowledged).forEach(this::settle);
    openEntries.forEach(
        (id, entry) ->
            verdict.add(Kind.DOUBLED, 1, "log: entry " + id + " was never acknowledged: a ghost"));
    recordsByTransaction.forEach(
        (txid, count) ->
            verdict.add(
                Kind.DOUBLED, count, "log: transaction " + txid + " was never committed: a ghost"));
    openEntries.clear();
    recordsByTransaction.clear();
    if (!seqsAhead.isEmpty()) {
      long missing = seqsAhead.last() - seqsWithoutGap - seqsAhead.size();
      verdict.add(Kind.LOST, missing, "log: seq " + (seqsWithoutGap + 1) + " is missing");
      seqsWithoutGap = seqsAhead.last();
      seqsAhead.clear();
    }
  }

  private void settle(long id, int changes) {
    LogEntry entry = openEntries.remove(id);
    if (entry == null) {
      verdict.add(Kind.LOST, changes, "log: acknowledged entry " + id + " is not there");
      return;
    }
    closedEntries.add(id);
    closedTransactions.add(entry.txid());
    Integer found = recordsByTransaction.remove(entry.txid());
    int records = found == null ? 0 : found;
    String what =
        "log: transaction %d of entry %d made %d changes and has %d records"
            .formatted(entry.txid(), id, changes, records);
    if (records < changes) {
      verdict.add(Kind.LOST, changes - records, what);
    } else if (records > changes) {
      verdict.add(Kind.DOUBLED, records - changes, what);
    }
    Long before = lastSeqBySession.put(id / SESSION_SPAN, entry.seq());
    if (before != null && before > entry.seq()) {
      verdict.add(Kind.STALE, 1, "log: entry " + id + " stands before its predecessor");
    }
  }

  /** The last state of every row. */
  public Map<String, String> rows() {
    return rows;
  }

  /** The version of a marker that the log holds; 0 when there is none. */
  public long marker(long id) {
    return versions.getOrDefault(Rows.key("marker", id), 0L);
  }

  public long records() {
    return records;
  }
}

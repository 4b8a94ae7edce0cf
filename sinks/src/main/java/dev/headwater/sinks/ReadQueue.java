package dev.headwater.sinks;

import dev.headwater.log.replay.LogRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was read of a partition and waits, poll by poll, taken out batch by batch. Whoever uses it
 * holds the lock of its feed.
 */
final class ReadQueue {
  /**
   * Enough that applying never waits for reading. All that waits is copied by each collection of
   * garbage, so it is no more than that.
   */
  private static final int WAITING_BATCHES = 4;

  private final Deque<Poll> polls = new ArrayDeque<>();
  private long records;
  private long bytes;

  /** Records in a row, and where reading goes on after them. */
  record Taken(List<LogRecord> records, long nextOffset) {
    @Nullable LogRecord last() {
      return records.isEmpty() ? null : records.get(records.size() - 1);
    }
  }

  void add(List<LogRecord> read, long nextOffset) {
    for (LogRecord record : read) {
      bytes += size(record);
    }
    records += read.size();
    polls.add(new Poll(read, nextOffset, false));
  }

  /** Something to apply though it has no record: the checkpoint is told the time. */
  void addStanding(long offset) {
    polls.add(new Poll(List.of(), offset, true));
  }

  /** Whether there is anything to apply. */
  boolean isPending() {
    return records > 0 || polls.stream().anyMatch(poll -> poll.standing);
  }

  long records() {
    return records;
  }

  /** Whether a whole batch waits. */
  boolean holds(BatchLimit limit) {
    return records >= limit.maxRecords() || bytes >= limit.maxBytes();
  }

  /**
   * How much waits, as a share of what may.
   *
   * @param limit a batch, of which a few may wait
   * @param mostBytes what may wait at most
   */
  double fullness(BatchLimit limit, long mostBytes) {
    double batches = (double) records / limit.maxRecords();
    return Math.max(batches / WAITING_BATCHES, (double) bytes / mostBytes);
  }

  /** Takes a batch out, of which the next offset is at least {@code from}. */
  Taken take(BatchLimit limit, long from) {
    List<LogRecord> taken = new ArrayList<>();
    long takenBytes = 0;
    long next = from;
    while (!polls.isEmpty()) {
      Poll poll = polls.getFirst();
      while (poll.hasNext()) {
        LogRecord record = poll.peek();
        long size = size(record);
        boolean full = taken.size() == limit.maxRecords() || takenBytes + size > limit.maxBytes();
        if (full && !taken.isEmpty()) {
          return new Taken(taken, Math.max(from, record.offset()));
        }
        taken.add(poll.next());
        takenBytes += size;
        records--;
        bytes -= size;
      }
      next = poll.nextOffset;
      polls.removeFirst();
    }
    return new Taken(taken, Math.max(from, next));
  }

  void clear() {
    polls.clear();
    records = 0;
    bytes = 0;
  }

  private static long size(LogRecord record) {
    byte[] value = record.value();
    return record.key().length + (value == null ? 0 : value.length);
  }

  /** What one poll brought, taken out record by record. */
  private static final class Poll {
    /** Null where taken: a record is held by nobody longer than it takes to apply it. */
    private final @Nullable LogRecord[] records;

    private final long nextOffset;
    private final boolean standing;
    private int taken;

    Poll(List<LogRecord> records, long nextOffset, boolean standing) {
      this.records = records.toArray(new LogRecord[0]);
      this.nextOffset = nextOffset;
      this.standing = standing;
    }

    boolean hasNext() {
      return taken < records.length;
    }

    LogRecord peek() {
      return Objects.requireNonNull(records[taken]);
    }

    LogRecord next() {
      LogRecord record = peek();
      records[taken++] = null;
      return record;
    }
  }
}

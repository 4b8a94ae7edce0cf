package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What capture has done since it started; written by its thread, read by whoever reports. */
public final class CaptureMetrics {
  private final Map<TableId, LongAdder> recordsByTable = new ConcurrentHashMap<>();
  private final LongAdder records = new LongAdder();
  private final LongAdder keptInStream = new LongAdder();
  private final LongAdder keptInSource = new LongAdder();
  private final LongAdder leftOut = new LongAdder();
  private volatile Map<String, List<String>> problems = Map.of();
  private volatile Optional<String> slotProblem = Optional.empty();
  private volatile Optional<String> gap = Optional.empty();
  private volatile Lsn endLsn = Lsn.ZERO;
  private volatile long lastCommitTimeMillis;

  void appended(TableId table, long count) {
    records.add(count);
    recordsByTable.computeIfAbsent(table, t -> new LongAdder()).add(count);
  }

  void problems(Map<String, List<String>> found) {
    problems = Map.copyOf(found);
  }

  /**
   * What is in the way of tables that are asked for and not captured, by table; under {@code slot},
   * how near the slot is to its budget; and under {@code gap}, where changes were lost since this
   * process started.
   */
  public Map<String, List<String>> problems() {
    Map<String, List<String>> all = new TreeMap<>(problems);
    slotProblem.ifPresent(words -> all.put("slot", List.of(words)));
    gap.ifPresent(words -> all.put("gap", List.of(words)));
    return all;
  }

  void gap(String found) {
    gap = Optional.of(found + "; a new slot was made, and all tables are loaded again");
  }

  void slotProblem(Optional<String> found) {
    slotProblem = found;
  }

  void filledFromStream() {
    keptInStream.increment();
  }

  void filledFromSource() {
    keptInSource.increment();
  }

  void leftOut() {
    leftOut.increment();
  }

  /**
   * Updates that left a large value as it was, by where it was found.
   *
   * @param inStream in the old row, or in an earlier change of the row
   * @param inSource by a read of the source
   * @param leftOut nowhere, for the row was gone: its delete follows
   */
  public record UnchangedValues(long inStream, long inSource, long leftOut) {}

  /** Updates that PostgreSQL sent without a large value that they left as it was. */
  public UnchangedValues unchangedValues() {
    return new UnchangedValues(keptInStream.sum(), keptInSource.sum(), leftOut.sum());
  }

  void committed(Lsn unitEndLsn, long sourceCommitTimeMillis) {
    endLsn = unitEndLsn;
    if (sourceCommitTimeMillis > 0) {
      lastCommitTimeMillis = sourceCommitTimeMillis;
    }
  }

  /** Records appended to the log. */
  public long records() {
    return records.sum();
  }

  /** Records appended to the log, by table. */
  public Map<String, Long> recordsByTable() {
    Map<String, Long> counts = new TreeMap<>();
    recordsByTable.forEach((table, count) -> counts.put(table.toString(), count.sum()));
    return counts;
  }

  /** End of the last unit that is wholly in the log. */
  public Lsn endLsn() {
    return endLsn;
  }

  /** When the last captured transaction committed at the source, epoch milliseconds; 0 for none. */
  public long lastCommitTimeMillis() {
    return lastCommitTimeMillis;
  }
}

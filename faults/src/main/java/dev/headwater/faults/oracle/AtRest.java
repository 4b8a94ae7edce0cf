package dev.headwater.faults.oracle;

import dev.headwater.faults.oracle.Verdict.Kind;
import dev.headwater.faults.workload.Acknowledged;
import dev.headwater.faults.workload.Tables;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The check at rest, while nobody writes: waits, bounded, until the log and every sink have the
 * last markers, then judges the log by record and compares source, folded log and each sink row by
 * row.
 */
public final class AtRest {
  private final View source;
  private final List<View> sinks;
  private final LogReader reader;
  private final LogOracle oracle;
  private final Acknowledged acknowledged;
  private final Verdict verdict;
  private final Duration limit;
  private long comparedRows;

  public AtRest(
      View source,
      List<View> sinks,
      LogReader reader,
      LogOracle oracle,
      Acknowledged acknowledged,
      Verdict verdict,
      Duration limit) {
    this.source = source;
    this.sinks = List.copyOf(sinks);
    this.reader = reader;
    this.oracle = oracle;
    this.acknowledged = acknowledged;
    this.verdict = verdict;
    this.limit = limit;
  }

  /**
   * @param mark the version of every marker, written last
   */
  public void check(long mark) throws Exception {
    long end = System.nanoTime() + limit.toNanos();
    if (!await(end, () -> reader.isLevel(mark))) {
      verdict.add(
          Kind.STALL, 1, "log: not level within " + limit.toSeconds() + " s " + reader.failure());
      return;
    }
    Map<String, String> expected = source.rows();
    Map<String, String> folded;
    synchronized (oracle) {
      oracle.settle(acknowledged.take());
      folded = new HashMap<>(oracle.rows());
    }
    Differences log = Differences.between(expected, folded);
    if (!log.isEmpty()) {
      verdict.add(Kind.LOST, log.count(), "log against source: " + log);
    }
    for (View sink : sinks) {
      compare(sink, expected, mark, end);
    }
    comparedRows += expected.size() * (1L + sinks.size());
  }

  private void compare(View sink, Map<String, String> expected, long mark, long end)
      throws InterruptedException {
    boolean marked = await(end, () -> isMarked(sink, mark));
    Differences last = null;
    do {
      try {
        last = Differences.between(expected, sink.rows());
        if (last.isEmpty()) {
          return;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception notYet) {
        // The target was killed a moment ago; it counts as long as the limit lasts.
        last = null;
      }
      Thread.sleep(300);
    } while (System.nanoTime() < end);
    if (!marked || last == null) {
      String what = last == null ? "cannot be read" : last.toString();
      verdict.add(
          Kind.STALL, 1, sink.name() + ": not level within " + limit.toSeconds() + " s, " + what);
    } else {
      verdict.add(Kind.STALE, last.count(), sink.name() + " against source: " + last);
    }
  }

  private static boolean isMarked(View sink, long mark) throws InterruptedException {
    try {
      String version = "ver=" + mark + "}";
      Map<String, String> markers = sink.markers();
      return Tables.markers()
          .allMatch(id -> markers.getOrDefault(Rows.key("marker", id), "").endsWith(version));
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception notYet) {
      return false;
    }
  }

  /** Asked again and again. */
  @FunctionalInterface
  private interface Condition {
    boolean holds() throws InterruptedException;
  }

  private static boolean await(long end, Condition condition) throws InterruptedException {
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        return false;
      }
      Thread.sleep(50);
    }
    return true;
  }

  /** Rows compared so far, over log and sinks. */
  public long comparedRows() {
    return comparedRows;
  }
}

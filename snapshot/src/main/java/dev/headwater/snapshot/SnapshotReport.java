package dev.headwater.snapshot;

import dev.headwater.snapshot.TableProgress.Phase;
import java.util.List;
import java.util.OptionalLong;

/**
 * How far the loads of a connector are, in all and by table.
 *
 * @param tables every captured table, those that were loaded long ago too
 */
public record SnapshotReport(List<TableProgress> tables) {
  public SnapshotReport {
    tables = List.copyOf(tables);
  }

  /** Tables that are not complete and can become it. */
  public List<TableProgress> unfinished() {
    return tables.stream()
        .filter(t -> t.phase() != Phase.COMPLETE && t.phase() != Phase.FAILED)
        .toList();
  }

  /** Whether nothing is left to do. */
  public boolean isIdle() {
    return unfinished().isEmpty();
  }

  /** Rows in the log, of the tables that are being loaded and those that have been. */
  public long rows() {
    return tables.stream().mapToLong(TableProgress::rows).sum();
  }

  /** How many rows it will be, of those tables of which it is known. */
  public long estimatedRows() {
    return tables.stream().mapToLong(t -> Math.max(t.rows(), t.estimatedRows().orElse(0))).sum();
  }

  /** How much is done, 0 to 100, weighed by rows. */
  public double percent() {
    if (isIdle()) {
      return 100;
    }
    double all = 0;
    double done = 0;
    for (TableProgress table : tables) {
      double weight = Math.max(1, table.estimatedRows().orElse(1));
      all += weight;
      done += weight * table.percent() / 100;
    }
    return Math.min(99.9, 100 * done / all);
  }

  /** Rows a second, all tables together. */
  public double rowsPerSecond() {
    return tables.stream().mapToDouble(TableProgress::rowsPerSecond).sum();
  }

  /** Seconds left at this rate; empty while nothing can be said. */
  public OptionalLong secondsLeft() {
    double rate = rowsPerSecond();
    return rate > 0 && !isIdle()
        ? OptionalLong.of((long) (Math.max(0, estimatedRows() - rows()) / rate))
        : OptionalLong.empty();
  }

  /** In a few words; empty when nothing is left to do. */
  public String summary() {
    List<TableProgress> left = unfinished();
    if (left.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    if (left.size() == 1) {
      text.append(left.get(0).table().inSource());
    } else {
      text.append(left.size()).append(" of ").append(tables.size()).append(" tables");
    }
    text.append(String.format(java.util.Locale.ROOT, ", %.0f %%", percent()));
    left.stream()
        .flatMap(t -> t.detail().stream())
        .findFirst()
        .ifPresent(detail -> text.append(", waits for ").append(detail));
    return text.toString();
  }
}

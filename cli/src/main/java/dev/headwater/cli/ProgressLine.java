package dev.headwater.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * How far one long piece of work is, on stderr: on a terminal a bar that is drawn over itself, else
 * a plain line now and then and one at the end.
 *
 * <p>Used by one thread. Rate and time left are those of the whole work so far: they settle, and a
 * short stall does not make them jump.
 */
public final class ProgressLine implements AutoCloseable {
  /** Often enough to look alive; the terminal must not become the bottleneck. */
  private static final Duration REDRAWN_EVERY = Duration.ofMillis(100);

  /** Seldom enough for the log of a build or a service. */
  private static final Duration PLAIN_EVERY = Duration.ofSeconds(10);

  private static final int BAR_CELLS = 24;
  private static final String OVER_ITSELF = "\r\u001b[K";

  private final PrintStream err;
  private final boolean isTerminal;
  private final String label;
  private OptionalLong totalRows;
  private final LongSupplier nanoTime;
  private final long startNanos;
  private long shownNanos;
  private long rows;
  private long rowsBefore;
  private boolean isClosed;

  /**
   * @param isTerminal whether {@code err} can be drawn over
   * @param label which piece of work, such as a table's name
   * @param totalRows how many rows there are, as far as that is known; an estimate will do
   * @param nanoTime the clock, {@code System::nanoTime} outside of tests
   */
  public ProgressLine(
      PrintStream err,
      boolean isTerminal,
      String label,
      OptionalLong totalRows,
      LongSupplier nanoTime) {
    this.err = err;
    this.isTerminal = isTerminal;
    this.label = label;
    this.totalRows = totalRows;
    this.nanoTime = nanoTime;
    this.startNanos = nanoTime.getAsLong();
    this.shownNanos = startNanos;
  }

  /** Says how many rows there are, where that becomes known, or known better, only on the way. */
  public void totalRows(long rowsInAll) {
    totalRows = OptionalLong.of(rowsInAll);
  }

  /** Says how many rows an earlier process had done; they are rows, and not speed. */
  public void rowsBefore(long rowsOfOthers) {
    rowsBefore = rowsOfOthers;
  }

  /** Takes the bar off the terminal, so that something else may stand there. */
  public void clear() {
    if (isTerminal) {
      err.print(OVER_ITSELF);
      err.flush();
    }
  }

  /** Says how many rows are done; cheap enough to be called for each batch. */
  public void rowsDone(long rowsSoFar) {
    rows = rowsSoFar;
    long now = nanoTime.getAsLong();
    if (now - shownNanos >= (isTerminal ? REDRAWN_EVERY : PLAIN_EVERY).toNanos()) {
      shownNanos = now;
      show(line(now, true), !isTerminal);
    }
  }

  /** Leaves a last line standing; the second call does nothing. */
  @Override
  public void close() {
    if (!isClosed) {
      isClosed = true;
      show(line(nanoTime.getAsLong(), false), true);
    }
  }

  private void show(String line, boolean ends) {
    err.print((isTerminal ? OVER_ITSELF : "") + line + (ends ? System.lineSeparator() : ""));
    err.flush();
  }

  private String line(long now, boolean isRunning) {
    double seconds = Math.max(1e-3, (now - startNanos) / 1e9);
    double rate = Math.max(0, rows - rowsBefore) / seconds;
    StringBuilder line = new StringBuilder(label).append("  ");
    boolean hasTotal = totalRows.orElse(0) > 0;
    if (hasTotal && isRunning) {
      // An estimate may be too low: the bar stays full, and 100 % is only said at the end.
      double part = Math.min(0.99, rows / (double) totalRows.orElse(1));
      line.append(isTerminal ? bar(part) : "")
          .append(String.format(Locale.ROOT, "%3.0f %%  ", part * 100));
    }
    line.append(String.format(Locale.ROOT, "%,d rows  %,.0f rows/s", rows, rate));
    if (!isRunning) {
      line.append("  in ").append(clock((long) seconds));
    } else if (hasTotal && rate > 0) {
      long left = (long) (Math.max(0, totalRows.orElse(0) - rows) / rate);
      line.append("  ").append(clock(left)).append(" left");
    }
    return line.toString();
  }

  private static String bar(double part) {
    int full = (int) (part * BAR_CELLS);
    return "[" + "#".repeat(full) + "-".repeat(BAR_CELLS - full) + "] ";
  }

  private static String clock(long seconds) {
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}

package dev.headwater.cli.command;

import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.ProgressLine;
import dev.headwater.log.schema.TableId;
import dev.headwater.snapshot.SnapshotEngine;
import dev.headwater.snapshot.SnapshotReport;
import dev.headwater.snapshot.TableProgress;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tells on stderr how far loads are, while workers run in the foreground: a line for each connector
 * that loads, and one for each table when it is done. On a thread of its own, until it is closed.
 */
final class LoadProgress implements Runnable, AutoCloseable {
  private static final long LOOK_MILLIS = 200;

  /** With more tables than this, only the whole is told. */
  private static final int TABLES_TOLD = 50;

  private final GlobalOptions options;
  private final Console console;
  private final Map<String, SnapshotEngine> engines;
  private final Map<String, ProgressLine> lines = new HashMap<>();
  private final Map<String, Set<TableId>> loadingByConnector = new HashMap<>();
  private final Map<String, Phase> phases = new TreeMap<>();
  private boolean isClosed;

  LoadProgress(GlobalOptions options, Map<String, SnapshotEngine> engines) {
    this.options = options;
    this.console = options.console();
    this.engines = engines;
  }

  void start() {
    if (!options.isQuiet()) {
      Thread thread = new Thread(this, "headwater/progress");
      thread.setDaemon(true);
      thread.start();
    }
  }

  @Override
  public void run() {
    try {
      while (true) {
        tellAll();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void tellAll() {
    if (!isClosed) {
      engines.forEach((connector, engine) -> tell(connector, engine.report()));
    }
  }

  /** Leaves the terminal to others; what is still being loaded goes on with the next start. */
  @Override
  public synchronized void close() {
    isClosed = true;
    lines.values().forEach(ProgressLine::clear);
  }

  private void tell(String connector, SnapshotReport report) {
    // What was loaded long ago is no part of what is being done now.
    Set<TableId> loading = loadingByConnector.computeIfAbsent(connector, c -> new HashSet<>());
    report.unfinished().forEach(table -> loading.add(table.table()));
    if (!loading.isEmpty()) {
      SnapshotReport now =
          new SnapshotReport(
              report.tables().stream().filter(t -> loading.contains(t.table())).toList());
      ProgressLine line = lines.get(connector);
      if (line == null) {
        line = options.progress(connector, OptionalLong.empty());
        line.rowsBefore(now.rows());
        lines.put(connector, line);
      }
      if (now.unfinished().stream().allMatch(t -> t.estimatedRows().isPresent())) {
        line.totalRows(now.estimatedRows());
      }
      line.rowsDone(now.rows());
      if (report.isIdle()) {
        line.close();
        lines.remove(connector);
        loading.clear();
      }
    }
    report.tables().forEach(table -> tell(table, report.tables().size() <= TABLES_TOLD));
  }

  private void tell(TableProgress table, boolean tellsEach) {
    Phase before = phases.put(table.table().toString(), table.phase());
    if (before == null || before == table.phase()) {
      return;
    }
    if (table.phase() == Phase.FAILED) {
      lines.values().forEach(ProgressLine::clear);
      console.say("table " + table.table() + " failed: " + table.detail().orElse(""));
    } else if (table.phase() == Phase.COMPLETE && tellsEach) {
      lines.values().forEach(ProgressLine::clear);
      console.say(
          String.format(Locale.ROOT, "table %s is loaded: %,d rows", table.table(), table.rows()));
    }
  }
}

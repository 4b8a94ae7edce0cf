package dev.headwater.cli.command;

import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.ProgressLine;
import dev.headwater.snapshot.SnapshotEngine;
import dev.headwater.snapshot.SnapshotReport;
import dev.headwater.snapshot.TableProgress;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Tells on stderr how far loads are, while workers run in the foreground: a line for each connector
 * that loads, and one for each table when it is done. On a thread of its own, until the process
 * ends.
 */
final class LoadProgress implements Runnable {
  private static final long LOOK_MILLIS = 200;

  /** With more tables than this, only the whole is told. */
  private static final int TABLES_TOLD = 50;

  private final GlobalOptions options;
  private final Console console;
  private final Map<String, SnapshotEngine> engines;
  private final Map<String, ProgressLine> lines = new HashMap<>();
  private final Map<String, Phase> phases = new TreeMap<>();

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
        engines.forEach((connector, engine) -> tell(connector, engine.report()));
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(String connector, SnapshotReport report) {
    ProgressLine line = lines.get(connector);
    if (line == null && !report.isIdle()) {
      line = options.progress(connector, OptionalLong.empty());
      lines.put(connector, line);
    }
    if (line != null) {
      line.totalRows(report.estimatedRows());
      line.rowsDone(report.rows());
      if (report.isIdle()) {
        line.close();
        lines.remove(connector);
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
      console.say("table " + table.table() + " failed: " + table.detail().orElse(""));
    } else if (table.phase() == Phase.COMPLETE && tellsEach) {
      console.say(
          String.format(Locale.ROOT, "table %s is loaded: %,d rows", table.table(), table.rows()));
    }
  }
}

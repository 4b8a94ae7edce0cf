package dev.headwater.capture;

import dev.headwater.log.catalog.TableLayout;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, while capture streams, whether the tables that it is to capture are still the same: one
 * that was made since, mended, dropped or renamed changes what is published, and that begins with a
 * new session. And whether they are stored as before ({@link LayoutFollower}).
 *
 * <p>What is in the way of a table is told at once. On a thread and a session of its own; a look
 * that fails says nothing, for the stream itself notices a source that is gone.
 */
final class TableWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TableWatch.class);
  private static final long EVERY_SECONDS = 5;

  private final CaptureConfig config;
  private final Map<String, String> captured;
  private final CaptureMetrics metrics;
  private final Consumer<Map<TableId, String>> layouts;
  private final Consumer<RuntimeException> end;
  private final ScheduledExecutorService timer;
  private @Nullable Connection connection;

  /**
   * @param found what the session started with
   * @param layouts takes how the tables are stored, each time they were looked at
   * @param end ends the session
   */
  TableWatch(
      CaptureConfig config,
      SourcePreflight.Result found,
      CaptureMetrics metrics,
      Consumer<Map<TableId, String>> layouts,
      Consumer<RuntimeException> end) {
    this.config = config;
    this.captured = identities(found);
    this.metrics = metrics;
    this.layouts = layouts;
    this.end = end;
    this.timer = Timers.start(config.name(), "tables");
    timer.scheduleWithFixedDelay(this::lookSafely, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
  }

  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      end.accept(Defects.of(config.name(), "looking at the tables", e));
    }
  }

  private void look() {
    Map<TableId, String> stored;
    try {
      SourcePreflight.Result found = new SourcePreflight(config, session()).check();
      metrics.problems(found.problems());
      Map<String, String> now = identities(found);
      if (!now.equals(captured)) {
        end.accept(changed(now));
        return;
      }
      stored = layouts(found);
    } catch (SQLException e) {
      LOG.atDebug().setCause(e).log("tables could not be looked at");
      closeSession();
      return;
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable()) {
        end.accept(e);
      }
      LOG.atDebug().setCause(e).log("tables could not be looked at");
      closeSession();
      return;
    }
    try {
      layouts.accept(stored);
    } catch (HeadwaterException e) {
      // Whatever was half appended is never committed: the next session begins behind a fence.
      end.accept(e);
    }
  }

  private Map<TableId, String> layouts(SourcePreflight.Result found) throws SQLException {
    Map<Integer, TableId> ids = new HashMap<>();
    for (CapturedTable table : found.tables().values()) {
      ids.put(
          table.table().oid(),
          new TableId(config.name(), table.table().schema(), table.table().name()));
    }
    Map<TableId, String> byTable = new TreeMap<>();
    TableLayout.read(session(), ids.keySet())
        .forEach((oid, layout) -> byTable.put(ids.get(oid), layout));
    return byTable;
  }

  private Connection session() {
    Connection open = connection;
    if (open == null) {
      open = SourceConnection.openForReading(config);
      connection = open;
    }
    return open;
  }

  private HeadwaterException changed(Map<String, String> now) {
    Map<String, String> gone = new TreeMap<>(captured);
    gone.keySet().removeAll(now.keySet());
    Map<String, String> added = new TreeMap<>(now);
    added.keySet().removeAll(captured.keySet());
    return new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        "connector '"
            + config.name()
            + "' – the tables to capture changed"
            + (added.isEmpty() ? "" : "; new: " + String.join(", ", added.keySet()))
            + (gone.isEmpty() ? "" : "; gone: " + String.join(", ", gone.keySet())),
        "Capture begins a new session by itself, which takes them in.");
  }

  /** A table that was dropped and made again under its name is another one. */
  private static Map<String, String> identities(SourcePreflight.Result found) {
    Map<String, String> identities = new TreeMap<>();
    found
        .tables()
        .forEach((name, table) -> identities.put(name, table.table().oid() + " " + table.key()));
    return identities;
  }

  private void closeSession() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      SourceConnection.closeQuietly(open, "table watch");
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    closeSession();
  }
}

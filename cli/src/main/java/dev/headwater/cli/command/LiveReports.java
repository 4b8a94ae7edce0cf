package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** What workers that run say of themselves; those that are gone or stopped are left out. */
final class LiveReports {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A worker reports every second; one that was silent for this long is gone. */
  private static final long SILENT_MS = 10_000;

  private LiveReports() {}

  /** The reports by component. */
  static Map<String, JsonNode> read(StatusBoard board) throws IOException {
    Map<String, JsonNode> live = new TreeMap<>();
    long now = System.currentTimeMillis();
    for (Map.Entry<String, String> report : board.read().entrySet()) {
      JsonNode json = JSON.readTree(report.getValue());
      boolean isStopped = json.path("state").asText().equals("stopped");
      if (!isStopped && now - json.path("ts_ms").asLong() < SILENT_MS) {
        live.put(report.getKey(), json);
      }
    }
    return live;
  }

  /** The reports of one sink's workers, by component. */
  static Map<String, JsonNode> ofSink(StatusBoard board, String sink) throws IOException {
    Map<String, JsonNode> live = read(board);
    live.keySet().removeIf(component -> !component.startsWith("sink/" + sink + "/"));
    return live;
  }

  /** Nothing runs that could do it. */
  static HeadwaterException nothingRuns(LogConnection log, String what, String remedy) {
    return new HeadwaterException(
        FailureCode.NOTHING_RUNNING,
        "log at "
            + log.address()
            + " – no worker "
            + what
            + "has reported in the last "
            + SILENT_MS / 1000
            + " s",
        remedy);
  }
}

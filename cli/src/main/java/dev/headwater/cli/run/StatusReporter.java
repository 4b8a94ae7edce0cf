package dev.headwater.cli.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.capture.CaptureStatus;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.sinks.SinkProgress;
import dev.headwater.sinks.SinkWorker;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** Writes what each worker is doing to the log's status topic, once a second, on its own thread. */
final class StatusReporter implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StatusBoard board;
  private final Map<String, CaptureWorker> captures;
  private final Map<String, SinkWorker> sinks;
  private final long pid = ProcessHandle.current().pid();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "headwater/status");
            thread.setDaemon(true);
            return thread;
          });

  StatusReporter(
      StatusBoard board, Map<String, CaptureWorker> captures, Map<String, SinkWorker> sinks) {
    this.board = board;
    this.captures = captures;
    this.sinks = sinks;
  }

  void start() {
    timer.scheduleWithFixedDelay(this::report, 0, 1, TimeUnit.SECONDS);
  }

  private void report() {
    try {
      captures.forEach(
          (name, worker) -> board.report("connector/" + name, capture(worker.status())));
      sinks.forEach(
          (name, worker) -> board.report("sink/" + name + "/" + pid, sink(worker.progress())));
    } catch (RuntimeException e) {
      // A report is missed and the next one comes; the workers do not hang on it.
      LoggerFactory.getLogger(StatusReporter.class).atDebug().setCause(e).log("report failed");
    }
  }

  private ObjectNode begin(Enum<?> state, String detail) {
    ObjectNode json = JSON.createObjectNode();
    json.put("state", state.name().toLowerCase(Locale.ROOT));
    json.put("detail", detail);
    json.put("ts_ms", System.currentTimeMillis());
    json.put("pid", pid);
    return json;
  }

  private String capture(CaptureStatus status) {
    ObjectNode json = begin(status.state(), status.detail());
    json.put("lsn", status.endLsn().toString());
    status.lagBytes().ifPresent(lag -> json.put("lag_bytes", lag));
    status.retainedBytes().ifPresent(bytes -> json.put("retained_bytes", bytes));
    json.put("records", status.records());
    ObjectNode tables = json.putObject("tables");
    status.recordsByTable().forEach(tables::put);
    ObjectNode unchanged = json.putObject("unchanged_values");
    unchanged.put("from_stream", status.unchangedValues().inStream());
    unchanged.put("from_source", status.unchangedValues().inSource());
    unchanged.put("left_out", status.unchangedValues().leftOut());
    json.put("last_commit_ts_ms", status.lastCommitTimeMillis());
    return json.toString();
  }

  private String sink(SinkProgress progress) {
    ObjectNode json = begin(progress.state(), progress.detail());
    json.put("generation", 1);
    json.put("lag_records", progress.lagRecords());
    json.put("rows_applied", progress.applied());
    json.put("last_applied_ts_ms", progress.lastAppliedTsMs());
    ObjectNode offsets = json.putObject("offsets");
    progress.offsets().forEach(offsets::put);
    return json.toString();
  }

  /** Reports the last states, then ends. */
  @Override
  public void close() {
    timer.shutdown();
    report();
    board.close();
  }
}

package dev.headwater.cli.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.capture.CaptureStatus;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.sinks.RebuildProgress;
import dev.headwater.sinks.SinkProgress;
import dev.headwater.sinks.SinkStatus;
import dev.headwater.sinks.SinkSupervisor;
import dev.headwater.snapshot.SnapshotEngine;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Writes what each worker is doing to the log's status topic, once a second, on its own thread. */
final class StatusReporter implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StatusBoard board;
  private final Map<String, Slot<CaptureWorker>> captures;
  private final Map<String, SnapshotEngine> snapshots;
  private final Map<String, Slot<SinkSupervisor>> sinks;
  private final Optional<HealthFile> health;
  private final Set<String> standingBy = ConcurrentHashMap.newKeySet();
  private final long pid = ProcessHandle.current().pid();

  /** In containers every process has the same id, so it alone would not tell two workers apart. */
  private final String process = hostPrefix() + pid;

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "headwater/status");
            thread.setDaemon(true);
            return thread;
          });

  StatusReporter(
      StatusBoard board,
      Map<String, Slot<CaptureWorker>> captures,
      Map<String, SnapshotEngine> snapshots,
      Map<String, Slot<SinkSupervisor>> sinks,
      Optional<HealthFile> health) {
    this.board = board;
    this.captures = captures;
    this.snapshots = snapshots;
    this.sinks = sinks;
    this.health = health;
  }

  private static String hostPrefix() {
    try {
      return InetAddress.getLocalHost().getHostName() + "-";
    } catch (UnknownHostException e) {
      // A machine that does not know its own name runs no second worker under another one.
      return "";
    }
  }

  void start() {
    timer.scheduleWithFixedDelay(this::report, 0, 1, TimeUnit.SECONDS);
  }

  private void report() {
    try {
      // First, for the log may be away and hold up the rest.
      health.ifPresent(file -> file.report(states()));
      captures.forEach(this::reportCapture);
      sinks.forEach(
          (name, slot) ->
              report("sink/" + name + "/" + process, slot, worker -> sink(worker.status())));
    } catch (RuntimeException e) {
      // A report is missed and the next one comes; the workers do not hang on it.
      LoggerFactory.getLogger(StatusReporter.class).atDebug().setCause(e).log("report failed");
    }
  }

  private <W extends Runnable> void report(
      String component, Slot<W> slot, Function<W, String> report) {
    if (slot.isPaused()) {
      board.report(component, begin("paused", "'headwater resume' goes on").toString());
    } else {
      slot.worker().ifPresent(worker -> board.report(component, report.apply(worker)));
    }
  }

  private Map<String, String> states() {
    Map<String, String> states = new TreeMap<>();
    captures.forEach(
        (name, slot) ->
            states.put("connector/" + name, word(slot, worker -> worker.status().state())));
    sinks.forEach(
        (name, slot) ->
            states.put("sink/" + name, word(slot, worker -> worker.status().feeding().state())));
    return states;
  }

  private static <W extends Runnable> String word(Slot<W> slot, Function<W, Enum<?>> state) {
    return slot.isPaused()
        ? "paused"
        : slot.worker().map(worker -> word(state.apply(worker))).orElse("starting");
  }

  private static String word(Enum<?> state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  private void reportCapture(String name, Slot<CaptureWorker> slot) {
    if (slot.isPaused()) {
      report("connector/" + name, slot, worker -> capture(worker.status(), snapshots.get(name)));
    } else {
      slot.worker().ifPresent(worker -> reportCapture(name, worker.status()));
    }
  }

  /** One that stands by reports beside the one that captures, not over it. */
  private void reportCapture(String name, CaptureStatus status) {
    String connector = "connector/" + name;
    String standby = connector + "/standby/" + process;
    if (status.state() == CaptureStatus.State.STANDBY) {
      standingBy.add(name);
      board.report(standby, capture(status, null));
      return;
    }
    boolean stoodBy = standingBy.remove(name);
    if (stoodBy) {
      board.withdraw(standby);
    }
    if (!stoodBy || status.state() != CaptureStatus.State.STOPPED) {
      board.report(connector, capture(status, snapshots.get(name)));
    }
  }

  private ObjectNode begin(Enum<?> state, String detail) {
    return begin(word(state), detail);
  }

  private ObjectNode begin(String state, String detail) {
    ObjectNode json = JSON.createObjectNode();
    json.put("state", state);
    json.put("detail", detail);
    json.put("ts_ms", System.currentTimeMillis());
    json.put("pid", pid);
    return json;
  }

  private String capture(CaptureStatus status, @Nullable SnapshotEngine snapshot) {
    ObjectNode json = begin(status.state(), status.detail());
    json.put("lsn", status.endLsn().toString());
    status.lagBytes().ifPresent(lag -> json.put("lag_bytes", lag));
    status.retainedBytes().ifPresent(bytes -> json.put("retained_bytes", bytes));
    json.put("records", status.records());
    ObjectNode tables = json.putObject("tables");
    status.recordsByTable().forEach(tables::put);
    ObjectNode problems = json.putObject("problems");
    status.problems().forEach((table, found) -> found.forEach(problems.putArray(table)::add));
    ObjectNode unchanged = json.putObject("unchanged_values");
    unchanged.put("from_stream", status.unchangedValues().inStream());
    unchanged.put("from_source", status.unchangedValues().inSource());
    unchanged.put("left_out", status.unchangedValues().leftOut());
    json.put("last_commit_ts_ms", status.lastCommitTimeMillis());
    if (snapshot != null) {
      json.set("snapshot", SnapshotJson.of(snapshot.report()));
    }
    return json.toString();
  }

  private String sink(SinkStatus status) {
    SinkProgress progress = status.feeding();
    ObjectNode json = begin(progress.state(), progress.detail());
    json.put("generation", status.generation());
    status.previous().ifPresent(number -> json.put("previous_generation", number));
    json.put("lag_records", progress.lagRecords());
    json.put("rows_applied", progress.applied());
    json.put("parked", status.parked());
    json.put("last_applied_ts_ms", progress.lastAppliedTsMs());
    ObjectNode offsets = json.putObject("offsets");
    progress.offsets().forEach(offsets::put);
    json.put("last_request", status.lastRequest());
    if (!status.refusedRequest().isEmpty()) {
      json.put("refused_request", status.refusedRequest());
      json.put("refusal", status.refusal());
    }
    status.rebuild().ifPresent(rebuild -> json.set("rebuild", rebuild(rebuild)));
    return json.toString();
  }

  private static ObjectNode rebuild(RebuildProgress progress) {
    ObjectNode json = JSON.createObjectNode();
    json.put("generation", progress.generation());
    json.put("request", progress.request());
    json.put("phase", progress.phase().name().toLowerCase(Locale.ROOT));
    json.put("detail", progress.detail());
    json.put("offsets_done", progress.done());
    json.put("offsets", progress.total());
    json.put("rows_applied", progress.rows());
    return json;
  }

  /** Reports the last states, then ends. */
  @Override
  public void close() {
    timer.shutdown();
    report();
    board.close();
  }
}

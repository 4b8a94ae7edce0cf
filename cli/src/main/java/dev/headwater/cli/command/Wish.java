package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.ProgressLine;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkWish;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Has a wish for a sink's generations carried out by the workers, and watches them do it. The wish
 * stands in the log: ending this process changes nothing about it.
 */
final class Wish implements AutoCloseable {
  private static final long LOOK_MS = 500;

  /** Workers report every second; this long after, what they say is of after the wish. */
  private static final int LOOKS_TO_BE_SURE = 4;

  private static final long LOST_MS = 30_000;

  private final GlobalOptions options;
  private final Console console;
  private final LogConnection log;
  private final String sink;
  private final StatusBoard reports;
  private final ControlBoard controls;
  private @Nullable ProgressLine line;
  private String phase = "";
  private String detail = "";
  private long rows;

  /** How it ended. */
  record Outcome(int generation, long rows, long millis) {}

  Wish(GlobalOptions options, LogConnection log, String sink) {
    this.options = options;
    this.console = options.console();
    this.log = log;
    this.sink = sink;
    this.reports = new StatusBoard(log);
    this.controls = new ControlBoard(log);
  }

  /** Which generation serves, by the workers' word; refuses to go on where none runs. */
  int serving() throws IOException {
    Map<String, JsonNode> live = LiveReports.ofSink(reports, sink);
    if (live.isEmpty()) {
      throw LiveReports.nothingRuns(
          log,
          "of sink '" + sink + "' ",
          "Start one with 'headwater run' or 'headwater sink " + sink + "', then repeat this.");
    }
    return live.values().stream().mapToInt(r -> r.path("generation").asInt()).max().orElse(0);
  }

  /** The request of a rebuild that is under way. */
  Optional<String> underWay() throws IOException {
    return LiveReports.ofSink(reports, sink).values().stream()
        .filter(report -> report.has("rebuild"))
        .map(report -> report.path("rebuild").path("request").asText())
        .findFirst();
  }

  void send(SinkWish wish) {
    controls.desire(SinkWish.component(sink), wish.json());
  }

  /**
   * Watches until a request is carried out.
   *
   * @param switches whether another generation serves at its end; else one that is built is gone
   * @param acceptsParked whether parked rows are in nobody's way; else they end the watching
   */
  Outcome await(String request, boolean switches, boolean acceptsParked)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    long heardAt = began;
    int sure = 0;
    while (true) {
      Map<String, JsonNode> live = LiveReports.ofSink(reports, sink);
      heardAt = live.isEmpty() ? heardAt : System.nanoTime();
      if (System.nanoTime() - heardAt > LOST_MS * 1_000_000) {
        throw LiveReports.nothingRuns(
            log, "of sink '" + sink + "' ", "The request stands: it goes on with the next worker.");
      }
      throwIfRefused(live, request);
      boolean isBuilding = show(live, switches);
      if (!acceptsParked && phase.equals("parked")) {
        throw new HeadwaterException(
            FailureCode.RECORD_REFUSED,
            "sink '" + sink + "' – is not switched: " + detail,
            "The rebuild stays as it is, and is fed. Once nothing is parked it is switched by"
                + " itself; 'headwater rebuild "
                + sink
                + "' watches it again.");
      }
      boolean isDone = !isBuilding && live.values().stream().anyMatch(r -> isDone(r, request));
      int now =
          live.values().stream().mapToInt(r -> r.path("generation").asInt()).findFirst().orElse(0);
      sure = isDone ? sure + 1 : 0;
      if (sure == LOOKS_TO_BE_SURE) {
        return new Outcome(now, rows, (System.nanoTime() - began) / 1_000_000);
      }
      if (switches && !isBuilding && sure == 0 && isGivenUp(live, request)) {
        throw new HeadwaterException(
            FailureCode.FENCED,
            "sink '" + sink + "' – another command was carried out instead",
            "See 'headwater status', and repeat this if it is still wanted.");
      }
      Thread.sleep(LOOK_MS);
    }
  }

  private static boolean isDone(JsonNode report, String request) {
    return report.path("last_request").asText().equals(request);
  }

  /** Another wish stands on the board, and the workers have turned to it. */
  private boolean isGivenUp(Map<String, JsonNode> live, String request) {
    String standing = controls.read().getOrDefault(SinkWish.component(sink), "");
    return !standing.isEmpty()
        && !phase.isEmpty()
        && !SinkWish.parse(standing).request().equals(request)
        && live.values().stream().anyMatch(r -> isDone(r, SinkWish.parse(standing).request()));
  }

  private void throwIfRefused(Map<String, JsonNode> live, String request) {
    for (JsonNode report : live.values()) {
      if (report.path("refused_request").asText().equals(request)) {
        controls.withdraw(SinkWish.component(sink));
        throw new HeadwaterException(
            FailureCode.TARGET_NOT_READY, report.path("refusal").asText(), "Nothing was changed.");
      }
    }
  }

  /** Draws how far it is; whether a generation is being built. */
  private boolean show(Map<String, JsonNode> live, boolean draws) {
    long done = 0;
    long total = 0;
    long applied = 0;
    String nowPhase = "";
    String nowDetail = "";
    for (JsonNode report : live.values()) {
      JsonNode rebuild = report.path("rebuild");
      if (rebuild.isMissingNode()) {
        continue;
      }
      done = Math.max(done, rebuild.path("offsets_done").asLong());
      total = Math.max(total, rebuild.path("offsets").asLong());
      applied += rebuild.path("rows_applied").asLong();
      nowPhase = rebuild.path("phase").asText();
      nowDetail = rebuild.path("detail").asText();
      if (nowPhase.equals("failed")) {
        throw new HeadwaterException(
            FailureCode.TARGET_NOT_READY,
            "sink '" + sink + "' – its new generation cannot be filled: " + nowDetail,
            "What serves goes on. Mend that, then 'headwater restart "
                + sink
                + "' goes on with it, and 'headwater rebuild "
                + sink
                + " --abort' gives it up.");
      }
    }
    if (nowPhase.isEmpty()) {
      return false;
    }
    rows = applied;
    if (draws) {
      draw(nowPhase, nowDetail, done, total);
    }
    return true;
  }

  private void draw(String nowPhase, String nowDetail, long done, long total) {
    if (nowPhase.equals("loading") && total > 0) {
      if (line == null && !options.isQuiet()) {
        line = options.progress("rebuild of " + sink, OptionalLong.of(total));
      }
      if (line != null) {
        line.rowsDone(done);
      }
    } else if (line != null) {
      line.close();
    }
    boolean isNews = !nowPhase.equals(phase) || !nowDetail.equals(detail);
    phase = nowPhase;
    detail = nowDetail;
    if (isNews && !nowPhase.equals("loading")) {
      String joint = nowPhase.equals("parked") ? ": " : ": waits ";
      console.say("  " + nowPhase + (nowDetail.isEmpty() ? "" : joint + nowDetail));
    }
  }

  @Override
  public void close() {
    if (line != null) {
      line.close();
    }
    reports.close();
    controls.close();
  }
}

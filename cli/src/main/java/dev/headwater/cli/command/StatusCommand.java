package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.StatusBoard;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code status}: what runs, and how far it is. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Shows connectors and sinks: state, position, lag.",
    footer = {"", "Examples:", "  headwater status", "  headwater status -o json"})
public final class StatusCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private GlobalOptions options;

  @Option(names = "--watch", description = "Again every second, until stopped.")
  private boolean watch;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Console console = options.console();
    try (LogConnection log = LogConnection.join(options.load().log());
        StatusBoard board = new StatusBoard(log)) {
      do {
        Map<String, JsonNode> live = LiveReports.read(board);
        if (live.isEmpty()) {
          throw LiveReports.nothingRuns(log, "", "Start one with 'headwater run'.");
        }
        print(console, live);
        if (watch) {
          Thread.sleep(1000);
        }
      } while (watch);
    }
    return 0;
  }

  private static void print(Console console, Map<String, JsonNode> live) {
    if (console.isJson()) {
      ObjectNode json = JSON.createObjectNode();
      live.forEach(json::set);
      console.answer(json);
      return;
    }
    console.answer(console.bold(String.format("%-34s %-10s %s", "COMPONENT", "STATE", "")));
    live.forEach(
        (name, report) -> {
          String state = report.path("state").asText();
          String padded = String.format("%-10s", state);
          String shown =
              state.equals("streaming") || state.equals("running")
                  ? console.green(padded)
                  : state.equals("failed") ? console.red(padded) : padded;
          console.answer(String.format("%-34s %s %s", name, shown, details(report)));
          report
              .path("problems")
              .forEach(
                  found ->
                      found.forEach(
                          problem ->
                              console.answer(console.red("  problem: ") + problem.asText())));
        });
  }

  private static String details(JsonNode report) {
    StringBuilder text = new StringBuilder();
    if (report.has("lsn")) {
      text.append("at ").append(report.path("lsn").asText());
      if (report.has("lag_bytes")) {
        text.append(", ").append(report.path("lag_bytes").asLong()).append(" bytes behind");
      }
      text.append(", ").append(report.path("records").asLong()).append(" records");
      JsonNode snapshot = report.path("snapshot");
      if (snapshot.path("seconds_left").isNumber()) {
        text.append(
            String.format(
                Locale.ROOT,
                ", %,d rows loaded, %,d rows/s, %d s left",
                snapshot.path("rows").asLong(),
                snapshot.path("rows_per_second").asLong(),
                snapshot.path("seconds_left").asLong()));
      }
    } else if (report.has("generation")) {
      text.append("generation ").append(report.path("generation").asInt());
      text.append(", ").append(report.path("lag_records").asLong()).append(" records behind, ");
      text.append(report.path("rows_applied").asLong()).append(" rows applied");
      if (report.path("parked").asInt() > 0) {
        text.append(", ").append(report.path("parked").asInt()).append(" parked");
      }
      text.append(rebuild(report.path("rebuild")));
    }
    String detail = report.path("detail").asText();
    return detail.isEmpty() ? text.toString() : text + " – " + detail;
  }

  private static String rebuild(JsonNode rebuild) {
    if (rebuild.isMissingNode()) {
      return "";
    }
    long total = Math.max(1, rebuild.path("offsets").asLong());
    long percent = 100 * rebuild.path("offsets_done").asLong() / total;
    String detail = rebuild.path("detail").asText();
    return String.format(
        "; generation %d is %s, %d %%%s",
        rebuild.path("generation").asInt(),
        rebuild.path("phase").asText(),
        percent,
        detail.isEmpty() ? "" : " (" + detail + ")");
  }
}

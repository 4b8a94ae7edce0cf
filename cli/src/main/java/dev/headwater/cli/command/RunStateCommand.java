package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.RunWish;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What {@code pause}, {@code resume} and {@code restart} have in common. */
public abstract class RunStateCommand implements Callable<Integer> {
  private static final long PATIENCE_MS = 60_000;
  private static final long LOOK_MS = 500;

  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "NAME", description = "The connector or sink.")
  private String name = "";

  private final UnaryOperator<RunWish> change;
  private final boolean isPausedAfter;
  private final String done;

  private RunStateCommand(UnaryOperator<RunWish> change, boolean isPausedAfter, String done) {
    this.change = change;
    this.isPausedAfter = isPausedAfter;
    this.done = done;
  }

  @Override
  public final Integer call() throws IOException, InterruptedException {
    HeadwaterConfig config = options.load();
    String component = Names.component(options, config, name);
    Console console = options.console();
    try (LogConnection log = LogConnection.join(config.log());
        StatusBoard reports = new StatusBoard(log);
        ControlBoard controls = new ControlBoard(log)) {
      if (of(reports, component).isEmpty()) {
        throw LiveReports.nothingRuns(
            log, "of '" + name + "' ", "Start one with 'headwater run', then repeat this.");
      }
      String standing = controls.read().getOrDefault(component, "");
      RunWish before = standing.isEmpty() ? RunWish.RUN : RunWish.parse(standing);
      long wishedMs = System.currentTimeMillis();
      controls.desire(component, change.apply(before).json());
      await(reports, component, wishedMs);
    }
    if (console.isJson()) {
      console.answer(
          new ObjectMapper().createObjectNode().put("name", name).put("paused", isPausedAfter));
    } else {
      console.answer(name + " " + done);
    }
    return 0;
  }

  private void await(StatusBoard reports, String component, long sinceMs)
      throws IOException, InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MS;
    while (!isSo(of(reports, component), sinceMs)) {
      if (System.currentTimeMillis() > end) {
        throw new HeadwaterException(
            FailureCode.TARGET_UNREACHABLE,
            "'" + name + "' – its workers have not done so in " + PATIENCE_MS / 1000 + " s",
            "The wish stands; 'headwater status' shows what they are at.");
      }
      Thread.sleep(LOOK_MS);
    }
  }

  private boolean isSo(Map<String, JsonNode> live, long sinceMs) {
    // Reports of after the workers have had time to look at the board.
    return !live.isEmpty()
        && live.values().stream()
            .allMatch(
                report ->
                    report.path("ts_ms").asLong() > sinceMs + 2 * LOOK_MS
                        && report.path("state").asText().equals("paused") == isPausedAfter);
  }

  private static Map<String, JsonNode> of(StatusBoard reports, String component)
      throws IOException {
    Map<String, JsonNode> live = LiveReports.read(reports);
    live.keySet().removeIf(c -> !c.equals(component) && !c.startsWith(component + "/"));
    return live;
  }

  /** {@code pause NAME}. */
  @Command(
      name = "pause",
      mixinStandardHelpOptions = true,
      description = {
        "Has a connector or sink stand still, wherever it runs, until 'resume'. A paused connector's",
        "slot keeps WAL at the source."
      },
      footer = {"", "Example:", "  headwater pause reporting"})
  public static final class Pause extends RunStateCommand {
    public Pause() {
      super(wish -> new RunWish(true, wish.restart()), true, "is paused");
    }
  }

  /** {@code resume NAME}. */
  @Command(
      name = "resume",
      mixinStandardHelpOptions = true,
      description = "Has a paused connector or sink go on where it stood.",
      footer = {"", "Example:", "  headwater resume reporting"})
  public static final class Resume extends RunStateCommand {
    public Resume() {
      super(wish -> new RunWish(false, wish.restart()), false, "goes on");
    }
  }

  /** {@code restart NAME}. */
  @Command(
      name = "restart",
      mixinStandardHelpOptions = true,
      description = {
        "Starts a connector or sink anew, wherever it runs: for one that failed, once the reason is",
        "mended. The others are not touched."
      },
      footer = {"", "Example:", "  headwater restart reporting"})
  public static final class Restart extends RunStateCommand {
    public Restart() {
      super(wish -> new RunWish(false, UUID.randomUUID().toString()), false, "was restarted");
    }
  }
}

package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.sinks.SinkWish;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rollback SINK}: the kept previous generation serves again. */
@Command(
    name = "rollback",
    mixinStandardHelpOptions = true,
    description = {
      "Puts the previous generation of a sink back, in one step. It was fed all the while by its",
      "own definition, so it is as fresh as the one it replaces, which is kept in its turn."
    },
    footer = {"", "Example:", "  headwater rollback product-search --yes"})
public final class RollbackCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "SINK", description = "The sink, as connectors.yaml names it.")
  private String sink = "";

  @Option(names = "--yes", description = "Do not ask.")
  private boolean isYes;

  @Option(
      names = "--accept-parked",
      description = "Also if its target refused rows ('headwater dlq list'), which it lacks.")
  private boolean acceptParked;

  @Override
  public Integer call() throws IOException, InterruptedException {
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    Console console = options.console();
    try (LogConnection log = LogConnection.join(config.log());
        Wish wish = new Wish(options, log, sink)) {
      int before = wish.serving();
      Confirmation.require(
          console, isYes, "The previous generation of sink '" + sink + "' serves again.");
      String request = UUID.randomUUID().toString();
      wish.send(
          new SinkWish(
              request,
              SinkWish.Action.ROLLBACK,
              true,
              0,
              acceptParked,
              System.currentTimeMillis()));
      Wish.Outcome outcome = wish.await(request, true, true);
      if (console.isJson()) {
        console.answer(
            new ObjectMapper()
                .createObjectNode()
                .put("sink", sink)
                .put("generation", outcome.generation())
                .put("ms", outcome.millis()));
      } else {
        console.answer(
            sink
                + ": generation "
                + outcome.generation()
                + " serves again; "
                + before
                + " is kept");
      }
      return 0;
    }
  }
}

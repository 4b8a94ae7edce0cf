package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkWish;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rebuild SINK}: a new generation from the log, switched to when it is level. */
@Command(
    name = "rebuild",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a sink's rows anew from the log, beside those that serve, and switches when they",
      "are level. The database is not asked. Workers do it: ending this command changes nothing."
    },
    footer = {
      "",
      "Examples:",
      "  headwater rebuild product-search --yes",
      "  headwater rebuild reporting --keep-previous --rate 20000",
      "  headwater rebuild reporting --abort"
    })
public final class RebuildCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "SINK", description = "The sink, as connectors.yaml names it.")
  private String sink = "";

  @Option(names = "--yes", description = "Do not ask.")
  private boolean isYes;

  @Option(
      names = "--keep-previous",
      description = "Keep what served, for 'rollback', until the next rebuild.")
  private boolean keepPrevious;

  @Option(
      names = "--rate",
      paramLabel = "ROWS",
      description = "Rows per second at most, for each worker; 0 for no limit.")
  private long rate;

  @Option(
      names = "--accept-parked",
      description = {
        "Switch though the target refuses rows ('headwater dlq list'), which are missing then.",
        "Also said to a rebuild that is under way."
      })
  private boolean acceptParked;

  @Option(names = "--abort", description = "Give up the rebuild that is under way.")
  private boolean isAbort;

  @Override
  public Integer call() throws IOException, InterruptedException {
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    if (rate < 0) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID, "--rate " + rate + " – is below 0", "0 is no limit.");
    }
    Console console = options.console();
    try (LogConnection log = LogConnection.join(config.log());
        Wish wish = new Wish(options, log, sink)) {
      int before = wish.serving();
      Optional<String> underWay = wish.underWay();
      if (isAbort) {
        return abort(console, wish, before);
      }
      String request = underWay.orElseGet(() -> UUID.randomUUID().toString());
      if (underWay.isPresent()) {
        console.say("a rebuild of " + sink + " is under way: this watches it");
        if (acceptParked) {
          wish.send(wish(request, SinkWish.Action.REBUILD));
        }
      } else {
        Confirmation.require(
            console,
            isYes,
            "Sink '"
                + sink
                + "' is filled anew from the log while generation "
                + before
                + " serves"
                + (keepPrevious ? ", which is kept." : ", which is dropped after the switch."));
        wish.send(wish(request, SinkWish.Action.REBUILD));
      }
      AtomicBoolean isWatched = sayThatItGoesOn(console);
      try {
        tell(console, wish.await(request, true, acceptParked));
      } finally {
        isWatched.set(false);
      }
      return 0;
    }
  }

  private int abort(Console console, Wish wish, int before)
      throws IOException, InterruptedException {
    String request = UUID.randomUUID().toString();
    wish.send(wish(request, SinkWish.Action.ABORT));
    Wish.Outcome outcome = wish.await(request, false, true);
    if (console.isJson()) {
      console.answer(json(outcome).put("aborted", true));
    } else {
      console.answer("the rebuild of " + sink + " is given up; generation " + before + " serves");
    }
    return 0;
  }

  private SinkWish wish(String request, SinkWish.Action action) {
    return new SinkWish(
        request, action, keepPrevious, rate, acceptParked, System.currentTimeMillis());
  }

  /** Tells somebody who interrupts the watching, which is true from now on, what that means. */
  private AtomicBoolean sayThatItGoesOn(Console console) {
    AtomicBoolean isWatched = new AtomicBoolean(true);
    Runnable say =
        () -> {
          if (isWatched.get()) {
            console.say(
                "\nthe rebuild goes on; 'headwater rebuild "
                    + sink
                    + "' watches it again, --abort gives it up");
          }
        };
    Runtime.getRuntime().addShutdownHook(new Thread(say, "headwater/goes-on"));
    return isWatched;
  }

  private void tell(Console console, Wish.Outcome outcome) {
    if (console.isJson()) {
      console.answer(json(outcome));
      return;
    }
    console.answer(
        String.format(
            "%s: generation %d serves, %,d rows written, %.1f s",
            sink, outcome.generation(), outcome.rows(), outcome.millis() / 1000.0));
  }

  private ObjectNode json(Wish.Outcome outcome) {
    return new ObjectMapper()
        .createObjectNode()
        .put("sink", sink)
        .put("generation", outcome.generation())
        .put("rows", outcome.rows())
        .put("ms", outcome.millis());
  }
}

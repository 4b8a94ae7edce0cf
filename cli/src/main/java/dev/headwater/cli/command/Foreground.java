package dev.headwater.cli.command;

import dev.headwater.capture.CaptureCheck;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.run.Pipeline;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs workers in the foreground until they end or the process is told to stop. */
final class Foreground {
  private static final long STOP_SECONDS = 40;
  private static final int TABLES_NAMED = 20;

  private final GlobalOptions options;

  Foreground(GlobalOptions options) {
    this.options = options;
  }

  /**
   * Runs the named connectors and sinks.
   *
   * @param isService whether somebody else looks after the process: then brokers that do not answer
   *     yet are waited for, where a person at the terminal is told at once
   * @return the exit code
   */
  int run(HeadwaterConfig config, Set<String> names, boolean isService)
      throws InterruptedException {
    Console console = options.console();
    // All that can be found out before the first write is found out here, and ends the command.
    for (HeadwaterConfig.Connector connector : config.connectors()) {
      if (names.contains(connector.capture().name())) {
        CaptureCheck.Found found = CaptureCheck.look(connector.capture());
        Set<String> tables = found.tables();
        console.say(
            "connector "
                + console.bold(connector.capture().name())
                + " captures "
                + tables.size()
                + " tables: "
                + named(tables));
        found.problems().forEach(problem -> console.say("  not captured: " + problem));
      }
    }
    CountDownLatch closed = new CountDownLatch(1);
    try (LogConnection log = open(config, console, isService)) {
      console.say(
          "log at "
              + log.address()
              + (log.isBrokerOurs()
                  ? " (embedded, one copy, files in " + config.log().directory() + ")"
                  : ""));
      Pipeline pipeline =
          new Pipeline(
              config,
              log,
              names::contains,
              (name, failure) -> console.fail(failure, options.isVerbose()));
      LoadProgress progress = new LoadProgress(options, pipeline.snapshots());
      Thread stopper =
          new Thread(
              () -> {
                progress.close();
                console.say("stopping …");
                pipeline.close();
                awaitQuietly(closed);
              },
              "headwater/stop");
      Runtime.getRuntime().addShutdownHook(stopper);
      pipeline.start();
      console.say("running; Ctrl-C stops");
      progress.start();
      Optional<HeadwaterException> failure = pipeline.awaitEnd();
      pipeline.close();
      return failure.map(f -> f.code().exitCode()).orElse(0);
    } finally {
      closed.countDown();
    }
  }

  private static LogConnection open(HeadwaterConfig config, Console console, boolean isService)
      throws InterruptedException {
    return isService ? LogWait.open(config.log(), console) : LogConnection.open(config.log());
  }

  private static String named(Set<String> tables) {
    String first = tables.stream().limit(TABLES_NAMED).collect(Collectors.joining(", "));
    int more = tables.size() - TABLES_NAMED;
    return more > 0 ? first + " and " + more + " more" : first;
  }

  /** The process must not end before the log is closed, which happens on the command's thread. */
  private static void awaitQuietly(CountDownLatch closed) {
    try {
      if (!closed.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("some parts did not stop in time; nothing is lost by that");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

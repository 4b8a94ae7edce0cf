package dev.headwater.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.headwater.cli.command.CaptureCommand;
import dev.headwater.cli.command.DemoCommand;
import dev.headwater.cli.command.DlqCommand;
import dev.headwater.cli.command.InitCommand;
import dev.headwater.cli.command.LogCommand;
import dev.headwater.cli.command.RebuildCommand;
import dev.headwater.cli.command.RollbackCommand;
import dev.headwater.cli.command.RunCommand;
import dev.headwater.cli.command.RunStateCommand;
import dev.headwater.cli.command.SinkCommand;
import dev.headwater.cli.command.SnapshotCommand;
import dev.headwater.cli.command.StatusCommand;
import dev.headwater.cli.command.TraceCommand;
import dev.headwater.cli.command.ValidateCommand;
import dev.headwater.cli.command.VerifyCommand;
import dev.headwater.cli.command.WaitCommand;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.List;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code headwater} command. */
@Command(
    name = "headwater",
    version = "headwater 0.1.0",
    mixinStandardHelpOptions = true,
    description = {
      "Captures row changes from PostgreSQL into a compacted Kafka log, and builds",
      "caches, search indexes and replicas from it."
    },
    subcommands = {
      DemoCommand.class,
      InitCommand.class,
      ValidateCommand.class,
      RunCommand.class,
      CaptureCommand.class,
      SinkCommand.class,
      SnapshotCommand.class,
      VerifyCommand.class,
      TraceCommand.class,
      StatusCommand.class,
      RebuildCommand.class,
      RollbackCommand.class,
      WaitCommand.class,
      RunStateCommand.Pause.class,
      RunStateCommand.Resume.class,
      RunStateCommand.Restart.class,
      DlqCommand.class,
      LogCommand.class,
      AutoComplete.GenerateCompletion.class
    },
    footer = {
      "",
      "Examples:",
      "  headwater demo --once           the whole story, with nothing installed",
      "  headwater validate              checks connectors.yaml",
      "  headwater run                   connectors and sinks in one process",
      "  headwater status                what is running, and how far it is",
      "  headwater verify customer-cache compares a sink with the log, and mends it",
      "  headwater trace shop.public.orders 42",
      "  headwater log tail shop.public.orders",
      "",
      "Exit codes: 0 done, 1 failed at run time, 2 wrong usage or configuration,",
      "3 the environment is not ready."
    })
public final class Main {
  private static final Pattern JSON_ASKED_FOR = Pattern.compile("(^| )(-o|--output)[ =]?json ");

  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** The command line, as tests run it too. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setExecutionStrategy(
        parsed -> {
          setLogging(parsed.originalArgs().contains("--verbose"));
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setParameterExceptionHandler((failure, arguments) -> wrongUsage(failure, arguments));
    line.setExecutionExceptionHandler(
        (exception, command, parsed) -> {
          GlobalOptions options = optionsOf(command);
          HeadwaterException failure =
              exception instanceof HeadwaterException known
                  ? known
                  : new HeadwaterException(
                      FailureCode.INTERNAL,
                      "unexpected: " + exception,
                      "This is a defect. Run again with --verbose and report what it prints.",
                      exception);
          options.console().fail(failure, options.isVerbose());
          return failure.code().exitCode();
        });
    return line;
  }

  /**
   * Told as every other failure is; whether JSON is wanted is read from what could not be parsed.
   */
  private static int wrongUsage(ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    List<String> suggestions =
        failure instanceof UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions()
            : List.of();
    String didYouMean = suggestions.isEmpty() ? "" : "; did you mean '" + suggestions.get(0) + "'?";
    boolean isJson = JSON_ASKED_FOR.matcher(String.join(" ", arguments) + " ").find();
    HeadwaterException told =
        new HeadwaterException(
            FailureCode.CONFIGURATION_INVALID,
            failure.getMessage().replaceAll("\\s+", " ") + didYouMean,
            "See '" + command.getCommandSpec().qualifiedName() + " --help'.",
            failure);
    GlobalOptions options = new GlobalOptions();
    options.format = isJson ? GlobalOptions.Format.json : GlobalOptions.Format.text;
    options.noColor = List.of(arguments).contains("--no-color");
    options.console().fail(told, List.of(arguments).contains("--verbose"));
    return told.code().exitCode();
  }

  private static GlobalOptions optionsOf(CommandLine command) {
    Object mixin = command.getCommandSpec().mixins().get("options");
    return mixin == null
        ? new GlobalOptions()
        : (GlobalOptions) ((CommandLine.Model.CommandSpec) mixin).userObject();
  }

  private static void setLogging(boolean verbose) {
    Logger ours = (Logger) LoggerFactory.getLogger("dev.headwater");
    ours.setLevel(verbose ? Level.INFO : Level.WARN);
  }
}

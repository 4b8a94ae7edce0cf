package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.capture.CaptureConfig;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.verify.ReportPrinter;
import dev.headwater.cli.verify.ServingSink;
import dev.headwater.cli.verify.SourceReadBack;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.verify.Report;
import dev.headwater.sinks.verify.Verification;
import dev.headwater.sinks.verify.Verification.Options;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code verify SINK}: compares what a sink holds with the log, and mends what differs. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Compares a sink with the log, key by key, while changes go on, and names what is missing,"
          + " extra or different. Memory does not grow with the table: what is known of each row"
          + " is kept in files, about 80 bytes a row and more for long keys, in the temporary directory"
          + " (HEADWATER_OPTS=-Djava.io.tmpdir=…).",
      "",
      "With --repair just these rows are written again from the log. The command takes each"
          + " partition that has any over for a moment; a running worker takes it back a second"
          + " later.",
      "",
      "Redis has no list of a sink's names: the scan goes over the whole database, whoever else"
          + " has keys in it. Names that are no row's ('customer:42:session') are left alone."
    },
    footer = {
      "",
      "Examples:",
      "  headwater verify customer-cache",
      "  headwater verify customer-cache --repair",
      "  headwater verify reporting --against source",
      "  headwater verify reporting --list 1000 -o json",
      "",
      "Exit codes: 0 equal, or all mended; 1 something differs; 3 nothing to compare",
      "yet, or something cannot be reached."
    })
public final class VerifyCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "SINK", description = "The sink, as connectors.yaml names it.")
  private String name = "";

  /** What a sink is compared with. */
  enum Against {
    log,
    source
  }

  @Option(
      names = "--against",
      paramLabel = "WHAT",
      defaultValue = "log",
      description = {
        "log, or source: then the log is compared with the source's tables too, which capture"
            + " must be following (default: ${DEFAULT-VALUE})."
      })
  private Against against = Against.log;

  @Option(names = "--repair", description = "Writes what differs again, and only that.")
  private boolean repair;

  @Option(
      names = "--list",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many defects are listed (default: ${DEFAULT-VALUE}); all are counted.")
  private int list = 20;

  @Option(
      names = "--show-values",
      description = "Shows the values that differ; else only the names of their columns.")
  private boolean showValues;

  @Override
  public Integer call() {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    SinkConfig sink = Names.sink(options, config, name);
    try (LogConnection log = LogConnection.join(config.log());
        ServingSink serving = ServingSink.open(sink)) {
      ObjectNode json = JSON.createObjectNode().put("sink", name).put("against", against.name());
      json.put("generation", serving.generation());
      boolean isEqual = true;
      if (against == Against.source) {
        for (HeadwaterConfig.Connector connector : config.connectors()) {
          isEqual &= source(connector.capture(), serving, log, console, json);
        }
      }
      Report report;
      try (StageProgress progress = new StageProgress(options)) {
        report = serving.verify(log, repair, list, progress);
      }
      isEqual &= report.isEqual();
      json.setAll(ReportPrinter.json(report, showValues));
      if (console.isJson()) {
        console.answer(json.put("equal", isEqual));
      } else {
        new ReportPrinter(console, showValues).print("sink " + name + " and the log", report);
        if (!report.isEqual() && !repair) {
          console.say("'headwater verify " + name + " --repair' writes just these rows again.");
        }
      }
      return isEqual ? 0 : 1;
    }
  }

  /** Compares the log with one connector's tables, as far as the sink holds them. */
  private boolean source(
      CaptureConfig connector,
      ServingSink serving,
      LogConnection log,
      Console console,
      ObjectNode json) {
    Predicate<TableId> tables =
        serving.tables().and(table -> table.connector().equals(connector.name()));
    if (new SchemaStore(log).latest().keySet().stream().noneMatch(tables)) {
      return true;
    }
    Report report;
    String what = "source " + connector.name();
    try (SourceReadBack source = SourceReadBack.open(connector, log);
        StageProgress progress = new StageProgress(options)) {
      report = new Verification(what, source, log, tables, Options.comparing(list), progress).run();
    }
    json.withObject("/sources").set(connector.name(), ReportPrinter.json(report, showValues));
    if (!console.isJson()) {
      new ReportPrinter(console, showValues).print(what + " and the log", report);
    }
    if (!report.isEqual()) {
      console.say(
          "The log differs from its source, and with it every sink. Load these rows again:"
              + " 'headwater snapshot "
              + connector.name()
              + " --tables … --where …'.");
    }
    return report.isEqual();
  }
}

package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.capture.SourceMarker;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.config.Units;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.PositionStore;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTables;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wait}: returns when a sink has what the source had committed. */
@Command(
    name = "wait",
    mixinStandardHelpOptions = true,
    description = {
      "Returns when a sink has applied all that was committed at the source before this began,",
      "or up to a position in its write-ahead log."
    },
    footer = {
      "",
      "Examples:",
      "  headwater wait --sink customer-cache --now",
      "  headwater wait --sink reporting --lsn 16/B374D848 --timeout 5m"
    })
public final class WaitCommand implements Callable<Integer> {
  private static final long LOOK_MS = 100;

  @Mixin private GlobalOptions options;

  @Option(names = "--sink", required = true, paramLabel = "SINK", description = "Which sink.")
  private String sink = "";

  @ArgGroup(multiplicity = "1")
  private Until until = new Until();

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      description = "How long at most (default: ${DEFAULT-VALUE}).")
  private String timeout = "30s";

  /** Up to where. */
  static final class Until {
    @Option(names = "--now", description = "All that is committed by now.")
    private boolean isNow;

    @Option(names = "--lsn", paramLabel = "LSN", description = "All that was committed before it.")
    private String lsn = "";
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    HeadwaterConfig config = options.load();
    SinkConfig wanted = Names.sink(options, config, sink);
    Duration limit =
        Units.duration(timeout)
            .orElseThrow(() -> wrong("--timeout " + timeout, "Write 500ms, 30s, 5m."));
    Console console = options.console();
    long began = System.nanoTime();
    Deadline deadline = new Deadline(began + limit.toNanos());
    try (LogConnection log = LogConnection.join(config.log());
        StatusBoard reports = new StatusBoard(log)) {
      if (LiveReports.ofSink(reports, sink).isEmpty()) {
        throw LiveReports.nothingRuns(
            log, "of sink '" + sink + "' ", "Start one with 'headwater run'.");
      }
      List<LogPartition> partitions = new ArrayList<>();
      for (Map.Entry<String, Lsn> mark : marks(config, wanted, log, partitions).entrySet()) {
        awaitLog(log, mark.getKey(), mark.getValue(), deadline);
      }
      // What was committed by then lies below these, marks of transactions included.
      Map<LogPartition, Long> ends = LogPartitions.appendedEnds(log, partitions);
      awaitSink(reports, ends, deadline);
    }
    long millis = (System.nanoTime() - began) / 1_000_000;
    if (console.isJson()) {
      console.answer(new ObjectMapper().createObjectNode().put("sink", sink).put("ms", millis));
    } else {
      console.answer(sink + " has it, after " + millis + " ms");
    }
    return 0;
  }

  /** Where each connector of the sink's tables must be, and the tables' partitions. */
  private Map<String, Lsn> marks(
      HeadwaterConfig config, SinkConfig wanted, LogConnection log, List<LogPartition> partitions) {
    LogPartitions.of(log, new SchemaStore(log), SinkTables.of(wanted))
        .values()
        .forEach(partitions::addAll);
    List<String> fed =
        partitions.stream().map(p -> p.table().connector()).distinct().sorted().toList();
    Map<String, Lsn> marks = new LinkedHashMap<>();
    if (!until.isNow) {
      if (fed.size() > 1) {
        throw wrong(
            "--lsn " + until.lsn, "The sink's tables come from " + fed + ": use --now instead.");
      }
      try {
        Lsn lsn = Lsn.parse(until.lsn);
        fed.forEach(connector -> marks.put(connector, lsn));
      } catch (IllegalArgumentException e) {
        throw wrong("--lsn " + until.lsn, "An LSN looks like 16/B374D848.");
      }
      return marks;
    }
    for (HeadwaterConfig.Connector connector : config.connectors()) {
      if (fed.contains(connector.capture().name())) {
        marks.put(connector.capture().name(), SourceMarker.write(connector.capture()));
      }
    }
    return marks;
  }

  private void awaitLog(LogConnection log, String connector, Lsn mark, Deadline deadline)
      throws InterruptedException {
    while (true) {
      Lsn at = PositionStore.read(log, connector).map(SourcePosition::endLsn).orElse(Lsn.ZERO);
      if (!at.isBefore(mark)) {
        return;
      }
      deadline.requireMore(
          "the log is at " + at + " of connector '" + connector + "', not " + mark);
      Thread.sleep(LOOK_MS);
    }
  }

  private void awaitSink(StatusBoard reports, Map<LogPartition, Long> ends, Deadline deadline)
      throws IOException, InterruptedException {
    while (true) {
      Map<String, JsonNode> live = LiveReports.ofSink(reports, sink);
      String behind = "";
      for (Map.Entry<LogPartition, Long> end : ends.entrySet()) {
        long applied =
            live.values().stream()
                .mapToLong(r -> r.path("offsets").path(end.getKey().toString()).asLong(0))
                .max()
                .orElse(0);
        if (applied < end.getValue()) {
          behind = end.getKey() + " is at " + applied + " of " + end.getValue();
        }
      }
      if (behind.isEmpty()) {
        return;
      }
      deadline.requireMore(
          "sink '%s': %s%s"
              .formatted(sink, behind, live.isEmpty() ? ", and no worker of it reports" : ""));
      Thread.sleep(LOOK_MS);
    }
  }

  private static HeadwaterException wrong(String what, String hint) {
    return new HeadwaterException(
        FailureCode.CONFIGURATION_INVALID, "'" + what + "' – cannot be used", hint);
  }

  private final class Deadline {
    private final long atNanos;

    Deadline(long atNanos) {
      this.atNanos = atNanos;
    }

    void requireMore(String where) {
      if (System.nanoTime() - atNanos > 0) {
        throw new HeadwaterException(
            FailureCode.TIMED_OUT,
            "not there after " + timeout + " – " + where,
            "'headwater status' shows what it is at.");
      }
    }
  }
}

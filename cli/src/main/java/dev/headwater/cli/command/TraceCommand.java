package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.verify.RowTrace;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTables;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code trace TABLE KEY}: one row's way from the source into every sink. */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    description =
        "Shows one row's way: where its last change stands in the source and in the log, and under"
            + " which name, at which position and how each sink holds it. Reads the log's partition"
            + " of that key from its beginning. Exit code 1 if a sink is not level.",
    footer = {
      "",
      "Examples:",
      "  headwater trace shop.public.customers 42",
      "  headwater trace shop.sales.lines '{\"order\":7,\"line\":1}' -o json"
    })
public final class TraceCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "TABLE", description = "connector.schema.table")
  private String table = "";

  @Parameters(
      paramLabel = "KEY",
      description = "The key's JSON, or the value of a key of one column.")
  private String key = "";

  @Override
  public Integer call() {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    try (LogConnection log = LogConnection.join(config.log())) {
      RowTrace trace = RowTrace.find(log, table, key);
      ObjectNode json = logPart(trace);
      if (!console.isJson()) {
        print(console, trace);
      }
      boolean isLevel = true;
      for (SinkConfig sink : config.sinks()) {
        if (SinkTables.of(sink).test(trace.partition().table())) {
          ObjectNode part = sinkPart(trace, sink, console);
          isLevel &= part.path("state").asText().equals("level");
          json.withArray("sinks").add(part);
        }
      }
      if (console.isJson()) {
        console.answer(json.put("level", isLevel));
      }
      return isLevel ? 0 : 1;
    }
  }

  private static ObjectNode logPart(RowTrace trace) {
    LogRecord record = trace.record();
    ObjectNode json = JSON.createObjectNode();
    json.put("table", trace.partition().table().toString());
    json.put("key", new String(record.key(), StandardCharsets.UTF_8));
    json.put("op", String.valueOf(record.op())).put("deleted", record.isTombstone());
    json.put("lsn", record.lsn()).put("txid", record.txid()).put("ts_ms", record.tsMs());
    json.put("topic", trace.partition().topic()).put("partition", trace.partition().partition());
    json.put("offset", record.offset()).put("seq", record.seq());
    return json.put("schema", record.schemaVersion());
  }

  private static void print(Console console, RowTrace trace) {
    LogRecord record = trace.record();
    console.answer(
        console.bold(trace.partition().table().toString())
            + "  "
            + new String(record.key(), StandardCharsets.UTF_8)
            + (record.isTombstone() ? "  (deleted)" : ""));
    console.answer(
        line(
            "source",
            "LSN %s, transaction %d, committed %s"
                .formatted(record.lsn(), record.txid(), Instant.ofEpochMilli(record.tsMs()))));
    console.answer(
        line(
            "log",
            "%s, partition %d, offset %d, seq %d, op %s"
                .formatted(
                    trace.partition().topic(),
                    trace.partition().partition(),
                    record.offset(),
                    record.seq(),
                    record.op())));
  }

  /** One sink that cannot be reached does not keep the others from being told of. */
  private static ObjectNode sinkPart(RowTrace trace, SinkConfig sink, Console console) {
    ObjectNode json = JSON.createObjectNode().put("sink", sink.name());
    try {
      RowTrace.InSink found = trace.in(sink);
      json.put("generation", found.generation()).put("name", found.name());
      json.put("present", found.isPresent());
      found.offset().ifPresent(offset -> json.put("next_offset", offset));
      found.version().ifPresent(version -> json.put("version", version));
      json.put("state", found.state());
      String text =
          "%s, generation %d, applied up to offset %s%s: %s"
              .formatted(
                  found.name(),
                  found.generation(),
                  found.offset().isPresent() ? found.offset().getAsLong() : "none",
                  found.version().isPresent() ? ", version " + found.version().getAsLong() : "",
                  found.state());
      print(console, sink, found.state().equals("level") ? console.green(text) : text);
    } catch (HeadwaterException e) {
      if (e.code() == FailureCode.INTERNAL) {
        throw e;
      }
      json.put("state", "not reached").put("detail", e.getMessage());
      print(console, sink, console.red(e.getMessage()));
    }
    return json;
  }

  private static void print(Console console, SinkConfig sink, String text) {
    if (!console.isJson()) {
      console.answer(line(sink.name(), text));
    }
  }

  private static String line(String what, String text) {
    return "  %-18s %s".formatted(what, text);
  }
}

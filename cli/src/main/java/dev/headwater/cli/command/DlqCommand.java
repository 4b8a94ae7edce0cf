package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.DeadLetter;
import dev.headwater.sinks.DeadLetters;
import dev.headwater.sinks.Generations;
import dev.headwater.sinks.Retry;
import dev.headwater.sinks.Sinks;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dlq}: the rows that a sink's target refuses. */
@Command(
    name = "dlq",
    mixinStandardHelpOptions = true,
    description = {
      "Rows that a sink's target refuses for what they hold: list, show, retry, discard.",
      "",
      "Such a row is parked in the topic __headwater.dlq.<sink> with the reason, and the sink goes",
      "on without it; what stood in the target stays. The row's next change takes its place by",
      "itself, whether the target takes that one or not. TABLE and KEY choose rows; without them",
      "all are meant."
    },
    footer = {
      "",
      "Examples:",
      "  headwater dlq list product-search",
      "  headwater dlq show product-search shop.public.products 42",
      "  headwater dlq retry product-search",
      "  headwater dlq discard product-search shop.public.products 42 --yes",
      "",
      "Exit codes: 0 done, 1 a row is still refused or is not parked, 2 wrong usage, 3 log or",
      "target cannot be reached."
    })
public final class DlqCommand {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SINK = "The sink, as connectors.yaml names it.";
  private static final String TABLE = "connector.schema.table";
  private static final String KEY = "The key's JSON, or the value of a key of one column.";

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists a sink's parked rows with their reasons, without their values.")
  int list(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "SINK", description = SINK) String sink,
      @Parameters(paramLabel = "TABLE", arity = "0..1", description = TABLE)
          @Nullable String table) {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    List<DeadLetter> letters;
    try (LogConnection log = LogConnection.join(config.log())) {
      letters = DeadLetters.read(log, sink, chosen(table, null));
    }
    if (console.isJson()) {
      ObjectNode json = JSON.createObjectNode().put("sink", sink).put("parked", letters.size());
      ArrayNode rows = json.putArray("rows");
      letters.forEach(letter -> rows.add(Letters.json(letter, false)));
      console.answer(json);
    } else if (letters.isEmpty()) {
      console.answer(sink + ": nothing is parked");
    } else {
      letters.forEach(letter -> console.answer(Letters.line(console, letter)));
      console.answer(sink + ": " + rows(letters.size()) + " parked");
    }
    return 0;
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows one parked row with all its values.")
  int show(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "SINK", description = SINK) String sink,
      @Parameters(paramLabel = "TABLE", description = TABLE) String table,
      @Parameters(paramLabel = "KEY", description = KEY) String key) {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    try (LogConnection log = LogConnection.join(config.log())) {
      List<DeadLetter> letters = DeadLetters.read(log, sink, chosen(table, key));
      requireAny(letters, sink, table, key);
      if (console.isJson()) {
        ObjectNode json = JSON.createObjectNode().put("sink", sink);
        letters.forEach(letter -> json.withArray("rows").add(Letters.json(letter, true)));
        console.answer(json);
        return 0;
      }
      for (DeadLetter letter : letters) {
        console.answer(Letters.line(console, letter));
        console.answer(
            "  partition %d, offset %d, seq %d, schema %d, parked %s"
                .formatted(
                    letter.partition().partition(),
                    letter.offset(),
                    letter.seq(),
                    letter.schemaVersion(),
                    Instant.ofEpochMilli(letter.parkedAtMs())));
        console.answer("  " + Letters.value(letter));
      }
    }
    return 0;
  }

  @Command(
      name = "retry",
      mixinStandardHelpOptions = true,
      description = {
        "Writes parked rows again, once the target is mended: each as the log has it last. The",
        "command takes their partitions over for a moment; a running worker takes them back."
      })
  int retry(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "SINK", description = SINK) String sink,
      @Parameters(paramLabel = "TABLE", arity = "0..1", description = TABLE) @Nullable String table,
      @Parameters(paramLabel = "KEY", arity = "0..1", description = KEY) @Nullable String key) {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    Retry.Outcome outcome;
    try (LogConnection log = LogConnection.join(config.log());
        DeadLetters letters = DeadLetters.open(log, sink);
        Generations generations = Sinks.generations(Names.sink(options, config, sink))) {
      letters.refresh();
      List<DeadLetter> some = letters.all().stream().filter(chosen(table, key)).toList();
      requireAny(some, sink, table, key);
      outcome = new Retry(generations, log, letters).run(some);
    }
    if (console.isJson()) {
      ObjectNode json = JSON.createObjectNode().put("sink", sink);
      json.put("written", outcome.healed().size());
      json.put("waiting", outcome.waiting().size());
      ArrayNode refused = json.putArray("refused");
      outcome.refused().forEach(letter -> refused.add(Letters.json(letter, false)));
      console.answer(json);
    } else {
      outcome.refused().forEach(letter -> console.answer(Letters.line(console, letter)));
      console.answer(
          "%s: %s written, %d still refused%s"
              .formatted(
                  sink,
                  rows(outcome.healed().size()),
                  outcome.refused().size(),
                  outcome.waiting().isEmpty()
                      ? ""
                      : ", " + outcome.waiting().size() + " wait for a newer change on its way"));
    }
    return outcome.refused().isEmpty() ? 0 : 1;
  }

  @Command(
      name = "discard",
      mixinStandardHelpOptions = true,
      description = {
        "Forgets parked rows. The target keeps what it holds of them, which is not what the log",
        "says, until their next change; 'verify' names them from then on."
      })
  int discard(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "SINK", description = SINK) String sink,
      @Parameters(paramLabel = "TABLE", arity = "0..1", description = TABLE) @Nullable String table,
      @Parameters(paramLabel = "KEY", arity = "0..1", description = KEY) @Nullable String key,
      @Option(names = "--yes", description = "Do not ask.") boolean isYes)
      throws IOException {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    Names.sink(options, config, sink);
    try (LogConnection log = LogConnection.join(config.log());
        DeadLetters letters = DeadLetters.open(log, sink)) {
      letters.refresh();
      List<DeadLetter> some = letters.all().stream().filter(chosen(table, key)).toList();
      requireAny(some, sink, table, key);
      Confirmation.require(
          console,
          isYes || some.isEmpty(),
          "%s of sink '%s' are given up: the target goes on without their last change."
              .formatted(rows(some.size()), sink));
      letters.forget(some);
      if (console.isJson()) {
        console.answer(JSON.createObjectNode().put("sink", sink).put("discarded", some.size()));
      } else {
        console.answer(sink + ": " + rows(some.size()) + " discarded");
      }
    }
    return 0;
  }

  private static Predicate<DeadLetter> chosen(@Nullable String table, @Nullable String key) {
    return letter ->
        (table == null || letter.partition().table().toString().equals(table))
            && (key == null || Letters.isOf(letter, key));
  }

  /** Naming rows that are not parked is a mistake; finding none at all is not. */
  private static void requireAny(
      List<DeadLetter> letters, String sink, @Nullable String table, @Nullable String key) {
    if (letters.isEmpty() && table != null) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "sink '%s' – no row of %s%s is parked"
              .formatted(sink, table, key == null ? "" : " with the key " + key),
          "See 'headwater dlq list " + sink + "'.");
    }
  }

  private static String rows(int count) {
    return count == 1 ? "1 row" : count + " rows";
  }
}

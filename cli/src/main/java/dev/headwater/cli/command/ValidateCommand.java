package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.sinks.SinkConfig;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code validate}: the file alone, offline. */
@Command(
    name = "validate",
    mixinStandardHelpOptions = true,
    description = "Checks connectors.yaml, offline: every problem at once, each with its place.",
    footer = {"", "Example:", "  headwater validate -f connectors.yaml"})
public final class ValidateCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Override
  public Integer call() {
    Console console = options.console();
    HeadwaterConfig config = options.load();
    if (console.isJson()) {
      ObjectNode json = new ObjectMapper().createObjectNode().put("valid", true);
      config.connectors().forEach(c -> json.withArray("connectors").add(c.capture().name()));
      config.sinks().forEach(s -> json.withArray("sinks").add(s.name()));
      console.answer(json);
      return 0;
    }
    console.answer(options.file() + " is valid.");
    for (HeadwaterConfig.Connector c : config.connectors()) {
      console.answer(
          "  connector "
              + console.bold(c.capture().name())
              + "  "
              + c.capture().host()
              + ":"
              + c.capture().port()
              + "/"
              + c.capture().database()
              + "  "
              + String.join(", ", c.capture().tables()));
    }
    for (SinkConfig sink : config.sinks()) {
      console.answer(
          "  sink      "
              + console.bold(sink.name())
              + "  "
              + sink.url()
              + "  "
              + String.join(", ", sink.tables()));
    }
    return 0;
  }
}

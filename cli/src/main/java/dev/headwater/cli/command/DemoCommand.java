package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.demo.Demo;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demo}: the whole story on one machine with nothing installed. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Starts a real PostgreSQL, Kafka, Redis and OpenSearch from libraries, fills a shop,",
      "captures it, and shows its rows in a cache, a search index and a replica."
    },
    footer = {
      "",
      "Examples:",
      "  headwater demo --once             ends by itself with a summary",
      "  headwater demo                    goes on until Ctrl-C",
      "  headwater demo --once --rows 200000"
    })
public final class DemoCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Option(names = "--once", description = "Ends by itself with a summary.")
  private boolean once;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Rows the shop begins with (default: ${DEFAULT-VALUE}).")
  private int rows = 10_000;

  @Override
  public Integer call() throws Exception {
    return new Demo(options.console(), rows).run(once);
  }
}

package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code sink NAME}: one worker of one sink. */
@Command(
    name = "sink",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one worker of a sink until it is stopped (Ctrl-C). Start as many as there are",
      "machines: they share the log's partitions."
    },
    footer = {"", "Example:", "  headwater sink customer-cache"})
public final class SinkCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "NAME", description = "The sink, as connectors.yaml names it.")
  private String name = "";

  @Override
  public Integer call() throws InterruptedException {
    HeadwaterConfig config = options.load();
    Names.sink(options, config, name);
    return new Foreground(options).run(config, Set.of(name), true);
  }
}

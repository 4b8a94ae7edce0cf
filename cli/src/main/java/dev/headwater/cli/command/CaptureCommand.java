package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code capture NAME}: one connector. */
@Command(
    name = "capture",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one connector until it is stopped (Ctrl-C). A second one, on any machine, stands by and",
      "takes over within seconds when the first ends, dies or hangs."
    },
    footer = {"", "Example:", "  headwater capture shop"})
public final class CaptureCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "NAME", description = "The connector, as connectors.yaml names it.")
  private String name = "";

  @Override
  public Integer call() throws InterruptedException {
    HeadwaterConfig config = options.load();
    Names.requireConnector(options, config, name);
    return new Foreground(options).run(config, Set.of(name), true);
  }
}

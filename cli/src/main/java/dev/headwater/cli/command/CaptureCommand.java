package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.List;
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
    List<String> known = config.connectors().stream().map(c -> c.capture().name()).toList();
    if (!known.contains(name)) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "connector '" + name + "' – " + options.file() + " has none of that name",
          "It has " + known + ".");
    }
    return new Foreground(options).run(config, Set.of(name), true);
  }
}

package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.config.Suggestions;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code run}: connectors and sinks in one process, until stopped. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs connectors and sinks in one process until it is stopped (Ctrl-C).",
    footer = {"", "Examples:", "  headwater run", "  headwater run --only shop,customer-cache"})
public final class RunCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "NAME",
      description = "Only these connectors and sinks.")
  private List<String> only = List.of();

  @Override
  public Integer call() throws InterruptedException {
    HeadwaterConfig config = options.load();
    Set<String> names = new TreeSet<>();
    config.connectors().forEach(c -> names.add(c.capture().name()));
    config.sinks().stream().map(SinkConfig::name).forEach(names::add);
    for (String name : only) {
      if (!names.contains(name)) {
        throw new HeadwaterException(
            FailureCode.CONFIGURATION_INVALID,
            "'--only " + name + "' – " + options.file() + " has no connector or sink of that name",
            Suggestions.itHas(names));
      }
    }
    return new Foreground(options).run(config, only.isEmpty() ? names : new TreeSet<>(only), false);
  }
}

package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.nio.file.Path;
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
    find(config, options.file(), name);
    return new Foreground(options).run(config, Set.of(name), true);
  }

  /**
   * The sink of a name.
   *
   * @throws HeadwaterException CONFIGURATION_INVALID if the file has none
   */
  static SinkConfig find(HeadwaterConfig config, Path file, String name) {
    return config.sinks().stream()
        .filter(sink -> sink.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new HeadwaterException(
                    FailureCode.CONFIGURATION_INVALID,
                    "sink '" + name + "' – " + file + " has none of that name",
                    "It has " + config.sinks().stream().map(SinkConfig::name).toList() + "."));
  }
}

package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.config.Suggestions;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.util.List;

/** Finds what a command's argument names in the configuration. */
final class Names {
  private Names() {}

  /** A sink's entry. */
  static SinkConfig sink(GlobalOptions options, HeadwaterConfig config, String name) {
    List<String> known = config.sinks().stream().map(SinkConfig::name).toList();
    return config.sinks().stream()
        .filter(sink -> sink.name().equals(name))
        .findFirst()
        .orElseThrow(() -> unknown(options, "sink", name, known));
  }

  /** A connector's name, if it is one. */
  static void requireConnector(GlobalOptions options, HeadwaterConfig config, String name) {
    List<String> known = config.connectors().stream().map(c -> c.capture().name()).toList();
    if (!known.contains(name)) {
      throw unknown(options, "connector", name, known);
    }
  }

  /** The component of a connector or sink: what the boards know it by. */
  static String component(GlobalOptions options, HeadwaterConfig config, String name) {
    List<String> connectors = config.connectors().stream().map(c -> c.capture().name()).toList();
    if (connectors.contains(name)) {
      return "connector/" + name;
    }
    List<String> sinks = config.sinks().stream().map(SinkConfig::name).toList();
    if (sinks.contains(name)) {
      return "sink/" + name;
    }
    List<String> all = new java.util.ArrayList<>(connectors);
    all.addAll(sinks);
    throw unknown(options, "connector or sink", name, all);
  }

  private static HeadwaterException unknown(
      GlobalOptions options, String kind, String name, List<String> known) {
    return new HeadwaterException(
        FailureCode.CONFIGURATION_INVALID,
        kind
            + " '"
            + name
            + "' – "
            + options.file()
            + " has none of that name"
            + Suggestions.didYouMean(name, known),
        Suggestions.itHas(known));
  }
}

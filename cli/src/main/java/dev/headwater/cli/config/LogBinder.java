package dev.headwater.cli.config;

import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The {@code log:} block. */
final class LogBinder {
  private static final int DEFAULT_REPLICATION = 3;
  private static final int MAX_REPLICATION = Short.MAX_VALUE;
  private static final String SERVER = "[^\\s,:/@]+:[0-9]{1,5}|\\[[0-9a-fA-F:]+]:[0-9]{1,5}";

  private LogBinder() {}

  static LogConfig bind(YamlNode node) {
    YamlNode.Block block = node.block(ConfigSchema.LOG);
    String servers = "(" + SERVER + ")(\\s*,\\s*(" + SERVER + "))*";
    Optional<Integer> replication =
        block
            .get("replication_factor")
            .flatMap(n -> n.integer(1, MAX_REPLICATION))
            .map(Math::toIntExact);
    Optional<Integer> inSync =
        block
            .get("min_insync_replicas")
            .flatMap(n -> n.integer(1, MAX_REPLICATION))
            .map(Math::toIntExact);
    int copies = replication.orElse(DEFAULT_REPLICATION);
    if (inSync.isPresent() && inSync.get() > copies) {
      block
          .get("min_insync_replicas")
          .ifPresent(
              n ->
                  n.problem(
                      "must not be more than the replication_factor ("
                          + copies
                          + "), found "
                          + n.found()));
    }
    return new LogConfig(
        block
            .get("bootstrap_servers")
            .flatMap(n -> n.matching(servers, "host:port, with commas between several")),
        LogConfig.DEFAULT_DIRECTORY,
        replication,
        inSync,
        block.get("partitions").map(LogBinder::partitions).orElse(Map.of()),
        block
            .get("delete_retention")
            .flatMap(YamlNode::duration)
            .orElse(LogConfig.DEFAULT_DELETE_RETENTION),
        properties(block));
  }

  private static Map<String, Integer> partitions(YamlNode node) {
    if (node.isScalar()) {
      return node.count(1).map(n -> Map.of("*", n)).orElse(Map.of());
    }
    Map<String, Integer> partitions = new LinkedHashMap<>();
    node.entries()
        .forEach((table, n) -> n.count(1).ifPresent(count -> partitions.put(table, count)));
    return Collections.unmodifiableMap(partitions);
  }

  private static Map<String, Secret> properties(YamlNode.Block block) {
    Map<String, Secret> properties = new LinkedHashMap<>();
    block
        .entries("properties")
        .forEach((name, n) -> n.raw().ifPresent(v -> properties.put(name, new Secret(v))));
    return Collections.unmodifiableMap(properties);
  }
}

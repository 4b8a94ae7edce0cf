package dev.headwater.cli.config;

import static java.util.Map.entry;

import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The {@code log:} block. */
final class LogBinder {
  private static final int DEFAULT_REPLICATION = 3;
  private static final int MAX_REPLICATION = Short.MAX_VALUE;

  /** Properties that the log's promises rest on, with the reason. */
  private static final Map<String, String> REFUSED =
      Map.ofEntries(
          entry("bootstrap.servers", "use log.bootstrap_servers"),
          entry("acks", "a record counts once the in-sync replicas have it"),
          entry("enable.idempotence", "exactly-once rests on it"),
          entry("transactional.id", "an older worker is fenced by it"),
          entry("transaction.timeout.ms", "an older worker is fenced by it"),
          entry("isolation.level", "readers must not see what was rolled back"),
          entry("group.id", "each sink has its own"),
          entry("enable.auto.commit", "sinks keep their own checkpoints"),
          entry("auto.offset.reset", "a lost offset must not be passed over"),
          entry("partitioner.class", "a key's partition must never change"),
          entry("key.serializer", "the log's bytes are Headwater's"),
          entry("value.serializer", "the log's bytes are Headwater's"),
          entry("key.deserializer", "the log's bytes are Headwater's"),
          entry("value.deserializer", "the log's bytes are Headwater's"));

  private LogBinder() {}

  static LogConfig bind(YamlNode node) {
    YamlNode.Block block = node.block(ConfigSchema.LOG);
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
            .flatMap(n -> n.parsed("host:port, with commas between several", LogBinder::servers)),
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

  private static Optional<String> servers(String text) {
    boolean areServers =
        Stream.of(text.split(",", -1)).map(String::strip).allMatch(Urls::isHostAndPort);
    return areServers ? Optional.of(text) : Optional.empty();
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

  /** Tells partitions of tables that nobody captures: misspelt, they would be one for ever. */
  static void checkTables(YamlNode log, List<Connector> connectors) {
    List<String> captured = TableNames.captured(connectors);
    log.block(ConfigSchema.LOG)
        .get("partitions")
        .filter(n -> !n.isScalar())
        .map(YamlNode::entries)
        .orElse(Map.of())
        .forEach(
            (table, n) -> {
              boolean isKnown = captured.stream().anyMatch(name -> TableNames.canMeet(table, name));
              if (!isKnown && !captured.isEmpty()) {
                n.problem(
                    "no connector captures such a table: '"
                        + table
                        + "'"
                        + Suggestions.didYouMean(table, captured));
              }
            });
  }

  private static Map<String, Secret> properties(YamlNode.Block block) {
    Map<String, Secret> properties = new LinkedHashMap<>();
    block
        .entries("properties")
        .forEach(
            (name, n) -> {
              if (REFUSED.containsKey(name)) {
                n.problem("the property is refused: " + REFUSED.get(name));
              }
              n.raw().ifPresent(v -> properties.put(name, new Secret(v)));
            });
    return Collections.unmodifiableMap(properties);
  }
}

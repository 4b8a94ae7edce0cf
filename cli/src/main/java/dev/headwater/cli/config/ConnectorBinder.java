package dev.headwater.cli.config;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureConfig.OnSchemaChange;
import dev.headwater.capture.CaptureConfig.OverBudget;
import dev.headwater.capture.CaptureConfig.SlotConfig;
import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.snapshot.SnapshotConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The entries of {@code connectors:}. */
final class ConnectorBinder {
  static final String NAME = "[a-z][a-z0-9_-]{0,39}";
  static final String NAME_EXPECTED =
      "a name of at most 40 lower-case letters, digits, '_' and '-', a letter first";

  private static final int MAX_PARALLELISM = 64;
  private static final Set<String> PROPERTIES =
      Set.of("status.update.interval.ms", "max.queue.size");
  private static final Set<String> DRIVER_SECRETS =
      Set.of("driver.user", "driver.password", "driver.sslpassword");

  private ConnectorBinder() {}

  /** All entries; their names are added to those that are taken. */
  static List<Connector> bind(List<YamlNode> nodes, Map<String, YamlNode> names) {
    List<Connector> connectors = new ArrayList<>();
    Map<String, String> slots = new HashMap<>();
    for (YamlNode node : nodes) {
      YamlNode.Block block = node.block(ConfigSchema.CONNECTOR);
      Connector connector = connector(block, names);
      connectors.add(connector);
      CaptureConfig capture = connector.capture();
      String server = capture.host() + ":" + capture.port() + "/" + capture.slot().name();
      String other = capture.host().isEmpty() ? null : slots.putIfAbsent(server, capture.name());
      if (other != null && !other.equals(capture.name())) {
        node.problem(
            "the slot '"
                + capture.slot().name()
                + "' is that of '"
                + other
                + "' on the same server; give one of them another slot.name");
      }
    }
    return connectors;
  }

  /** Reads a block's name and tells one that is taken. */
  static String name(YamlNode.Block block, Map<String, YamlNode> names) {
    Optional<String> name = block.get("name").flatMap(n -> n.matching(NAME, NAME_EXPECTED));
    name.ifPresent(
        value -> {
          YamlNode first = names.putIfAbsent(value, block.node());
          if (first != null) {
            block.get("name").ifPresent(n -> n.problem("the name is taken by " + first.path()));
          }
        });
    return name.orElse("");
  }

  private static Connector connector(YamlNode.Block block, Map<String, YamlNode> names) {
    String name = name(block, names);
    block.get("type").ifPresent(n -> n.choice(Type.class, '_'));
    Optional<Urls.Postgres> url = block.get("url").flatMap(Urls::postgres);
    List<String> tables = TableNames.read(block, TableNames.TABLE, "schema.table, globs allowed");
    ColumnRules columns = ColumnRules.bind(block, tables);
    CaptureConfig capture =
        new CaptureConfig(
            name,
            url.map(Urls.Postgres::host).orElse(""),
            url.map(Urls.Postgres::port).orElse(CaptureConfig.DEFAULT_PORT),
            url.map(Urls.Postgres::database).orElse(""),
            block.text("user").orElse(""),
            block.get("password").flatMap(YamlNode::secret),
            url.map(Urls.Postgres::parameters).orElse(Map.of()),
            tables,
            columns.keys(),
            columns.excluded(),
            columns.masks(),
            slot(block.block("slot", ConfigSchema.SLOT), name),
            block
                .get("on_schema_change")
                .flatMap(n -> n.choice(OnSchemaChange.class, '_'))
                .orElse(OnSchemaChange.FOLLOW),
            block
                .get("heartbeat")
                .flatMap(YamlNode::duration)
                .orElse(CaptureConfig.DEFAULT_HEARTBEAT),
            properties(block));
    return new Connector(capture, snapshot(block.block("snapshot", ConfigSchema.SNAPSHOT)));
  }

  private static SlotConfig slot(YamlNode.Block block, String connector) {
    String name =
        block
            .get("name")
            .flatMap(
                n ->
                    n.matching(
                        "[a-z0-9_]{1,63}",
                        "a slot name of at most 63 lower-case letters, digits and '_'"))
            .orElse("headwater_" + connector.replace('-', '_'));
    Optional<Long> budget = block.get("wal_budget").flatMap(YamlNode::size);
    OverBudget over =
        block
            .get("over_budget")
            .flatMap(n -> n.choice(OverBudget.class, '_'))
            .orElse(OverBudget.WARN);
    if (over != OverBudget.WARN && !block.fields().containsKey("wal_budget")) {
      block.get("over_budget").ifPresent(n -> n.problem("needs a wal_budget beside it"));
    }
    return new SlotConfig(name, budget, over);
  }

  private static SnapshotConfig snapshot(YamlNode.Block block) {
    SnapshotConfig usual = SnapshotConfig.DEFAULT;
    return new SnapshotConfig(
        block
            .get("parallelism")
            .flatMap(n -> n.integer(1, MAX_PARALLELISM))
            .map(Math::toIntExact)
            .orElse(usual.parallelism()),
        block.get("chunk_rows").flatMap(n -> n.count(1)).orElse(usual.chunkRows()),
        block.get("chunk_bytes").flatMap(YamlNode::size).orElse(usual.chunkBytes()),
        block
            .get("rate")
            .flatMap(n -> n.integer(0, Long.MAX_VALUE))
            .orElse(usual.rateRowsPerSecond()),
        block.get("max_lag").flatMap(YamlNode::size).orElse(usual.maxLagBytes()));
  }

  private static Map<String, String> properties(YamlNode.Block block) {
    Map<String, String> properties = new LinkedHashMap<>();
    block
        .entries("properties")
        .forEach(
            (name, n) -> {
              if (DRIVER_SECRETS.contains(name)) {
                n.problem("is refused: use the fields 'user' and 'password'");
              } else if (PROPERTIES.contains(name) || name.startsWith("driver.")) {
                n.raw().ifPresent(value -> properties.put(name, value));
              } else {
                n.problem(
                    "the Debezium property '"
                        + name
                        + "' is refused: Headwater sets it, or its position rests on it; allowed"
                        + " are status.update.interval.ms, max.queue.size and driver.*"
                        + Suggestions.didYouMean(name, PROPERTIES));
              }
            });
    return Collections.unmodifiableMap(properties);
  }

  private enum Type {
    POSTGRES
  }
}

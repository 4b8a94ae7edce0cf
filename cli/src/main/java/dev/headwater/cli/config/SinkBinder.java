package dev.headwater.cli.config;

import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.log.config.Secret;
import dev.headwater.log.topic.Globs;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkConfig.Redis.Generations;
import dev.headwater.sinks.SinkConfig.Redis.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The entries of {@code sinks:}. */
final class SinkBinder {
  private static final String INDEX = "[a-z0-9][a-z0-9._-]{0,199}";
  private static final String SCHEMA = "(?!pg_)[A-Za-z_][A-Za-z0-9_$]{0,54}";

  private final List<Connector> connectors;
  private final Map<String, YamlNode> names;

  /**
   * @param connectors what the tables of sinks are looked up in
   * @param names which names are taken, and where
   */
  SinkBinder(List<Connector> connectors, Map<String, YamlNode> names) {
    this.connectors = connectors;
    this.names = names;
  }

  List<SinkConfig> bind(List<YamlNode> nodes) {
    List<SinkConfig> sinks = new ArrayList<>();
    nodes.forEach(node -> sink(node).ifPresent(sinks::add));
    return sinks;
  }

  private Optional<SinkConfig> sink(YamlNode node) {
    Optional<String> type = node.peek("type").filter(ConfigSchema.SINKS::containsKey);
    YamlNode.Block block =
        node.block(type.map(ConfigSchema.SINKS::get).orElseGet(ConfigSchema::anySink));
    String name = ConnectorBinder.name(block, names);
    List<String> tables = tables(block);
    Optional<String> user = block.text("user");
    Optional<Secret> password = block.get("password").flatMap(YamlNode::secret);
    if (type.isEmpty()) {
      block.get("type").ifPresent(n -> n.oneOf(List.copyOf(ConfigSchema.SINKS.keySet())));
      return Optional.empty();
    }
    return Optional.of(
        switch (type.get()) {
          case "redis" -> redis(block, name, user, password, tables);
          case "postgres" -> postgres(block, name, user, password, tables);
          default -> search(block, name, user, password, tables);
        });
  }

  private SinkConfig redis(
      YamlNode.Block block,
      String name,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables) {
    String url = url(block, Set.of("redis", "rediss"), "redis://host:port or rediss://host:port");
    Optional<String> key = block.text("key");
    key.ifPresent(
        template ->
            block.get("key").ifPresent(n -> KeyTemplates.check(n, template, tables, connectors)));
    return new SinkConfig.Redis(
        name,
        url,
        user,
        password,
        tables,
        key.orElse(""),
        block.get("value").flatMap(n -> n.choice(Value.class, '_')).orElse(Value.JSON),
        block.get("ttl").flatMap(YamlNode::duration).orElse(Duration.ZERO),
        block
            .get("generations")
            .flatMap(n -> n.choice(Generations.class, '_'))
            .orElse(Generations.IN_PLACE));
  }

  private static SinkConfig search(
      YamlNode.Block block,
      String name,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables) {
    String expected = "an index name in lower case: letters, digits, '.', '_' and '-'";
    Map<String, String> mapping = new LinkedHashMap<>();
    block
        .entries("mapping")
        .forEach((column, n) -> n.text().ifPresent(type -> mapping.put(column, type)));
    return new SinkConfig.OpenSearch(
        name,
        url(block, Set.of("http", "https"), "http://host:port or https://host:port"),
        user,
        password,
        tables,
        block.get("index").flatMap(n -> n.matching(INDEX, expected)).orElse(""),
        Collections.unmodifiableMap(mapping));
  }

  private static SinkConfig postgres(
      YamlNode.Block block,
      String name,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables) {
    String expected = "a schema name of at most 55 letters, digits and '_', not pg_…";
    String url = block.get("url").flatMap(Urls::jdbc).orElse("");
    return new SinkConfig.Postgres(
        name,
        url,
        user,
        password,
        tables,
        block.get("schema").flatMap(n -> n.matching(SCHEMA, expected)).orElse(""));
  }

  private static String url(YamlNode.Block block, Set<String> schemes, String expected) {
    return block.get("url").flatMap(n -> Urls.plain(n, schemes, expected)).orElse("");
  }

  private List<String> tables(YamlNode.Block block) {
    String expected = "connector.schema.table, globs allowed";
    for (YamlNode item : block.items("tables")) {
      item.raw().filter(t -> t.matches(TableNames.THREE_PARTS)).ifPresent(t -> look(item, t));
    }
    return TableNames.read(block, TableNames.THREE_PARTS, expected);
  }

  private void look(YamlNode item, String table) {
    List<String> known = connectors.stream().map(c -> c.capture().name()).toList();
    String first = table.substring(0, table.indexOf('.'));
    if (known.contains("")) {
      return; // a connector's name could not be read: told there
    }
    if (known.stream().noneMatch(name -> Globs.matches(first, name))) {
      item.problem(
          "no connector has the name '" + first + "'" + Suggestions.didYouMean(first, known));
      return;
    }
    List<String> captured =
        connectors.stream()
            .map(Connector::capture)
            .flatMap(c -> c.tables().stream().map(t -> c.name() + "." + t))
            .toList();
    if (!captured.isEmpty()
        && captured.stream().noneMatch(other -> TableNames.canMeet(table, other))) {
      item.problem(
          "no connector captures such a table: '"
              + table
              + "'"
              + Suggestions.didYouMean(table, captured));
    }
  }
}

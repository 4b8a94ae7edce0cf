package dev.headwater.cli.config;

import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.config.Secret;
import dev.headwater.log.topic.Globs;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A connector's {@code keys} and {@code columns}. A mask of a table that is not captured is an
 * error: misspelt, it would let pass what it should hide.
 *
 * @param keys key columns by {@code schema.table}
 * @param excluded {@code schema.table.column}
 * @param masks by {@code schema.table.column}
 */
record ColumnRules(
    Map<String, List<String>> keys, List<String> excluded, Map<String, ColumnMask> masks) {
  static ColumnRules bind(YamlNode.Block connector, List<String> tables) {
    Map<String, List<String>> keys = keys(connector);
    YamlNode.Block columns = connector.block("columns", ConfigSchema.COLUMNS);
    List<String> excluded = new ArrayList<>();
    for (YamlNode item : columns.items("exclude")) {
      item.text()
          .filter(column -> isColumn(item, column, tables, keys, "left out"))
          .ifPresent(excluded::add);
    }
    Map<String, ColumnMask> masks = new LinkedHashMap<>();
    columns
        .entries("mask")
        .forEach(
            (column, node) -> {
              Optional<ColumnMask> mask = mask(node);
              if (isColumn(node, column, tables, keys, "masked") && mask.isPresent()) {
                masks.put(column, mask.get());
              }
            });
    return new ColumnRules(keys, List.copyOf(excluded), Collections.unmodifiableMap(masks));
  }

  private static Map<String, List<String>> keys(YamlNode.Block connector) {
    Map<String, List<String>> keys = new LinkedHashMap<>();
    connector
        .entries("keys")
        .forEach(
            (table, node) -> {
              List<YamlNode> items = node.items();
              List<String> columns = items.stream().flatMap(n -> n.text().stream()).toList();
              if (node.isNull() || (items.isEmpty() && !node.isScalar())) {
                node.problem("needs at least one column");
              } else if (columns.stream().distinct().count() < columns.size()) {
                node.problem("names a column twice");
              }
              if (isTable(
                  node, table, List.of())) { // a key more than there are tables does no harm
                keys.put(table, columns);
              }
            });
    return Collections.unmodifiableMap(keys);
  }

  private static Optional<ColumnMask> mask(YamlNode node) {
    YamlNode.Block block = node.block(ConfigSchema.MASK);
    if (node.isNull()) {
      return Optional.empty();
    }
    Optional<ColumnMask.Method> with =
        block.get("with").flatMap(n -> n.choice(ColumnMask.Method.class, '-'));
    Optional<Secret> secret = block.get("secret").flatMap(YamlNode::secret);
    boolean isKeyed = with.isPresent() && with.get() == ColumnMask.Method.HMAC_SHA256;
    if (isKeyed && secret.isEmpty() && !block.fields().containsKey("secret")) {
      node.problem("hmac-sha256 needs a secret, such as secret: ${MASK_KEY}");
    } else if (isKeyed && secret.isEmpty()) {
      block.get("secret").ifPresent(n -> n.problem("hmac-sha256 needs a secret that is not empty"));
    } else if (with.isPresent() && !isKeyed) {
      block.get("secret").ifPresent(n -> n.problem("only hmac-sha256 takes a secret"));
    }
    return with.map(method -> new ColumnMask(method, secret));
  }

  private static boolean isColumn(
      YamlNode node,
      String column,
      List<String> tables,
      Map<String, List<String>> keys,
      String done) {
    if (!column.matches(TableNames.THREE_PARTS) || !Globs.isExact(column)) {
      node.problem("expected schema.table.column without globs, found '" + column + "'");
      return false;
    }
    int dot = column.lastIndexOf('.');
    String table = column.substring(0, dot);
    if (keys.getOrDefault(table, List.of()).contains(column.substring(dot + 1))) {
      node.problem("'" + column + "' is a key column by 'keys': it cannot be " + done);
      return false;
    }
    return isTable(node, table, tables);
  }

  private static boolean isTable(YamlNode node, String table, List<String> tables) {
    if (!table.matches(TableNames.TABLE) || !Globs.isExact(table)) {
      node.problem("expected schema.table without globs, found '" + table + "'");
      return false;
    }
    boolean captured =
        tables.isEmpty() || tables.stream().anyMatch(glob -> Globs.matches(glob, table));
    if (!captured) {
      node.problem(
          "the table '"
              + table
              + "' is not among 'tables'"
              + Suggestions.didYouMean(table, tables));
    }
    return captured;
  }
}

package dev.headwater.cli.config;

import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.log.topic.Globs;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What can be told of a Redis key template without the tables at hand. */
final class KeyTemplates {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^{}]+)}");
  private static final String TABLE = "table";

  private KeyTemplates() {}

  static void check(
      YamlNode node, String template, List<String> tables, List<Connector> connectors) {
    Set<String> columns = new LinkedHashSet<>();
    Matcher matcher = PLACEHOLDER.matcher(template);
    while (matcher.find()) {
      columns.add(matcher.group(1));
    }
    String rest = PLACEHOLDER.matcher(template).replaceAll("");
    if (rest.contains("{") || rest.contains("}")) {
      node.problem("a '{' or '}' without its other half, in " + node.found());
      return;
    }
    boolean isPerTable = columns.remove(TABLE);
    if (columns.isEmpty()) {
      node.problem("needs every key column as a {placeholder}, found " + node.found());
      return;
    }
    boolean areExact = tables.stream().allMatch(Globs::isExact);
    if (areExact && tables.stream().distinct().count() > 1 && !isPerTable) {
      node.problem("several tables meet under these keys: add {table}, found " + node.found());
    }
    for (Connector connector : connectors) {
      String prefix = connector.capture().name() + ".";
      connector
          .capture()
          .keys()
          .forEach(
              (table, key) -> {
                if (tables.contains(prefix + table) && !columns.equals(new LinkedHashSet<>(key))) {
                  node.problem(
                      "the key of '"
                          + prefix
                          + table
                          + "' is "
                          + key
                          + ": the template must hold all of it and no other column, found "
                          + node.found());
                }
              });
    }
  }
}

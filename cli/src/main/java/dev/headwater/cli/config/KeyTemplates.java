package dev.headwater.cli.config;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.log.topic.Globs;
import dev.headwater.sinks.KeyTemplate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What can be told of a Redis key template without the tables at hand. */
final class KeyTemplates {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^{}]+)}");

  /** Columns may be called almost anything, but this looks like a format or a path. */
  private static final Pattern ODD_NAME = Pattern.compile("[:|!$]|^\\s|\\s$");

  private static final String TABLE = "table";

  /** Stands for a placeholder where templates are compared; no name holds it. */
  private static final String HOLE = "\0";

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
    Optional<String> odd = columns.stream().filter(c -> ODD_NAME.matcher(c).find()).findFirst();
    if (odd.isPresent()) {
      node.problem("'{" + odd.get() + "}' is no placeholder; expected {column} or {table}");
      return;
    }
    boolean isPerTable = columns.remove(TABLE);
    if (columns.isEmpty()) {
      node.problem("needs every key column as a {placeholder}, found " + node.found());
      return;
    }
    try {
      new KeyTemplate(template);
    } catch (IllegalArgumentException e) {
      node.problem(e.getMessage() + ", found " + node.found());
    }
    if (template.startsWith("__headwater")) {
      node.problem("names starting with __headwater are Headwater's own, found " + node.found());
    }
    if (!isPerTable && canHoldSeveral(tables, connectors)) {
      node.problem("several tables can meet under these keys: add {table}, found " + node.found());
    }
    for (Connector connector : connectors) {
      String prefix = connector.capture().name() + ".";
      columns.forEach(column -> refuseHidden(node, column, tables, connector.capture()));
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

  /** Whether more than one table's rows can come here, now or once a table is added. */
  private static boolean canHoldSeveral(List<String> tables, List<Connector> connectors) {
    Set<String> exact = new LinkedHashSet<>();
    for (Connector connector : connectors) {
      for (String captured : connector.capture().tables()) {
        String have = connector.capture().name() + "." + captured;
        for (String wanted : tables) {
          if (TableNames.canMeet(wanted, have)) {
            if (!Globs.isExact(wanted) && !Globs.isExact(have)) {
              return true;
            }
            exact.add(Globs.isExact(wanted) ? wanted : have);
          }
        }
      }
    }
    return exact.size() > 1;
  }

  /** A key column that is masked or left out could not tell rows apart any more. */
  private static void refuseHidden(
      YamlNode node, String column, List<String> tables, CaptureConfig capture) {
    for (String table : tables) {
      String prefix = capture.name() + ".";
      String hidden =
          table.startsWith(prefix) ? table.substring(prefix.length()) + "." + column : "";
      boolean isMasked = capture.masks().containsKey(hidden);
      if (isMasked || capture.excludedColumns().contains(hidden)) {
        node.problem(
            "'"
                + hidden
                + "' is "
                + (isMasked ? "masked" : "left out")
                + " and cannot be part of a key, found "
                + node.found());
      }
    }
  }

  /**
   * Whether two templates can give the same name. By the law of {@link KeyTemplate} a value never
   * holds a colon; for all else it may stand, which refuses too much rather than too little.
   */
  static boolean canMeet(String one, String other) {
    String a = PLACEHOLDER.matcher(one).replaceAll(HOLE);
    String b = PLACEHOLDER.matcher(other).replaceAll(HOLE);
    boolean[][] meet = new boolean[a.length() + 2][b.length() + 2];
    for (int i = a.length(); i >= 0; i--) {
      for (int j = b.length(); j >= 0; j--) {
        boolean isHoleA = a.startsWith(HOLE, i);
        boolean isHoleB = b.startsWith(HOLE, j);
        boolean ends = i == a.length() && j == b.length();
        boolean holeOfA = isHoleA && (meet[i + 1][j] || (canHold(b, j) && meet[i][j + 1]));
        boolean holeOfB = isHoleB && (meet[i][j + 1] || (canHold(a, i) && meet[i + 1][j]));
        boolean same =
            !isHoleA
                && !isHoleB
                && i < a.length()
                && j < b.length()
                && a.charAt(i) == b.charAt(j)
                && meet[i + 1][j + 1];
        meet[i][j] = ends || holeOfA || holeOfB || same;
      }
    }
    return meet[0][0];
  }

  /** Whether a value can hold what stands at a place of the other template. */
  private static boolean canHold(String other, int at) {
    return at < other.length() && other.charAt(at) != ':';
  }
}

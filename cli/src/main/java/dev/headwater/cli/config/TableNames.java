package dev.headwater.cli.config;

import java.util.ArrayList;
import java.util.List;

/** Lists of table names and globs, as connectors and sinks have them. */
final class TableNames {
  /** {@code schema.table}. */
  static final String TABLE = "[^.\\s]+\\.\\S+";

  /** {@code schema.table.column}, or {@code connector.schema.table}. */
  static final String THREE_PARTS = "[^.\\s]+\\.[^.\\s]+\\.\\S+";

  private TableNames() {}

  /** The block's {@code tables}; none at all is told. */
  static List<String> read(YamlNode.Block block, String regex, String expected) {
    List<String> tables = new ArrayList<>();
    List<YamlNode> items = block.items("tables");
    items.forEach(item -> item.matching(regex, expected).ifPresent(tables::add));
    block
        .get("tables")
        .filter(node -> node.isNull() || (items.isEmpty() && !node.isScalar()))
        .ifPresent(node -> node.problem("needs at least one entry: " + expected));
    return List.copyOf(tables);
  }

  /** Whether some name matches both globs. */
  static boolean canMeet(String one, String other) {
    boolean[][] meet = new boolean[one.length() + 2][other.length() + 2];
    for (int i = one.length(); i >= 0; i--) {
      for (int j = other.length(); j >= 0; j--) {
        char a = i < one.length() ? one.charAt(i) : '\0';
        char b = j < other.length() ? other.charAt(j) : '\0';
        boolean ends = a == '\0' && b == '\0';
        boolean stars =
            (a == '*' && (meet[i + 1][j] || (b != '\0' && meet[i][j + 1])))
                || (b == '*' && (meet[i][j + 1] || (a != '\0' && meet[i + 1][j])));
        boolean same =
            a != '\0' && b != '\0' && a != '*' && b != '*' && (a == b || a == '?' || b == '?');
        meet[i][j] = ends || stars || (same && meet[i + 1][j + 1]);
      }
    }
    return meet[0][0];
  }
}

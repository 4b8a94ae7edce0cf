package dev.headwater.capture;

import dev.headwater.log.catalog.CatalogTable;
import java.util.List;

/** "Did you mean …?" for table names. */
final class Suggestions {
  private static final int FARTHEST = 3;

  private Suggestions() {}

  /** A sentence naming the table whose name is nearest, or nothing when none is near. */
  static String nearest(String wanted, List<CatalogTable> tables) {
    String best = "";
    int bestDistance = FARTHEST + 1;
    for (CatalogTable table : tables) {
      String name = table.schema() + "." + table.name();
      int distance = distance(wanted, name);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = name;
      }
    }
    return best.isEmpty() ? "" : "; did you mean '" + best + "'?";
  }

  /** Levenshtein's distance: insertions, deletions and replacements from one to the other. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}

package dev.headwater.cli.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** "Did you mean": the nearest of the names that would have been right. */
public final class Suggestions {
  private static final int MAX_DISTANCE = 3;

  private Suggestions() {}

  /** {@code ; did you mean 'tables'?}, or nothing where no name is near. */
  public static String didYouMean(String found, Collection<String> right) {
    return right.stream()
        .filter(name -> distance(found, name) <= limit(name))
        .min(Comparator.comparingInt(name -> distance(found, name)))
        .map(name -> "; did you mean '" + name + "'?")
        .orElse("");
  }

  /** {@code It has [a, b].}: all that would have been right, for where a name is not. */
  public static String itHas(Collection<String> right) {
    return right.isEmpty() ? "It has none at all." : "It has " + right + ".";
  }

  private static int limit(String name) {
    return Math.min(MAX_DISTANCE, Math.max(1, name.length() / 2));
  }

  /** Edits that lead from one to the other; two letters exchanged count as one edit. */
  static int distance(String one, String other) {
    String a = one.toLowerCase(Locale.ROOT).replace('-', '_');
    String b = other.toLowerCase(Locale.ROOT).replace('-', '_');
    if (Math.abs(a.length() - b.length()) > MAX_DISTANCE) {
      return Integer.MAX_VALUE;
    }
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}

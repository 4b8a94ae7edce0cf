package dev.headwater.faults.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Which rows two views do not agree on, key by key. */
public final class Differences {
  private static final int SHOWN = 8;
  private static final int SHOWN_CHARACTERS = 200;

  private final List<String> missing = new ArrayList<>();
  private final List<String> extra = new ArrayList<>();
  private final List<String> other = new ArrayList<>();
  private final List<String> examples = new ArrayList<>();

  private Differences() {}

  /** Compares what is there with what must be there. */
  public static Differences between(Map<String, String> expected, Map<String, String> found) {
    Differences differences = new Differences();
    expected.forEach(
        (key, row) -> {
          String there = found.get(key);
          if (there == null) {
            differences.missing.add(key);
            differences.example(key + " is missing");
          } else if (!there.equals(row)) {
            differences.other.add(key);
            differences.example(key + " is " + shorten(there) + ", must be " + shorten(row));
          }
        });
    found.keySet().stream()
        .filter(key -> !expected.containsKey(key))
        .forEach(
            key -> {
              differences.extra.add(key);
              differences.example(key + " is too much: " + shorten(found.get(key)));
            });
    return differences;
  }

  private static String shorten(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }

  private void example(String text) {
    if (examples.size() < SHOWN) {
      examples.add(text);
    }
  }

  public int count() {
    return missing.size() + extra.size() + other.size();
  }

  public boolean isEmpty() {
    return count() == 0;
  }

  @Override
  public String toString() {
    return "%d missing, %d too much, %d other: %s"
        .formatted(missing.size(), extra.size(), other.size(), String.join("; ", examples));
  }
}

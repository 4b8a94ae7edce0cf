package dev.headwater.sinks.postgres;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The labels the replica's enum types are known to have. A source can add a label and use it at
 * once, without a word in the stream; so each value is looked at before it is sent, and labels the
 * replica lacks are added first. Shared by all writers of a sink, from any thread.
 */
final class EnumLabels {
  private final Map<String, Set<String>> known = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> missing = new ConcurrentHashMap<>();

  /** Notes labels a type of the log, by its name there, has in the target. */
  void learn(String type, Iterable<String> labels) {
    Set<String> ofType = known.computeIfAbsent(type, name -> ConcurrentHashMap.newKeySet());
    Set<String> lacking = missing.getOrDefault(type, Set.of());
    for (String label : labels) {
      ofType.add(label);
      if (!lacking.isEmpty()) {
        lacking.remove(label);
      }
    }
  }

  /** Whether a label may be used; if not, it is noted as missing. */
  boolean isKnown(String type, String label) {
    Set<String> ofType = known.get(type);
    // A type that the target does not have as an enum is text there, and any label will do.
    if (ofType == null || ofType.contains(label)) {
      return true;
    }
    missing.computeIfAbsent(type, name -> ConcurrentHashMap.newKeySet()).add(label);
    return false;
  }

  /** Labels met that the target lacks, by type. */
  Map<String, Set<String>> missing() {
    Map<String, Set<String>> copy = new TreeMap<>();
    missing.forEach(
        (type, labels) -> {
          if (!labels.isEmpty()) {
            copy.put(type, new TreeSet<>(labels));
          }
        });
    return copy;
  }
}

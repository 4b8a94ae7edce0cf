package dev.headwater.faults.oracle;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What the oracles found, counted by kind, with the first findings of each in words. */
public final class Verdict {
  private static final int WORDS_PER_KIND = 15;

  /** How something can be wrong. */
  public enum Kind {
    /** A committed change that the log does not have. */
    LOST,
    /** A record too many: twice, or of work that was rolled back. */
    DOUBLED,
    /** Older than it must be: a version after its successor, a row of a target that differs. */
    STALE,
    /** What did not come to its end within the limit, or needed a hand. */
    STALL
  }

  private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
  private final Map<Kind, List<String>> words = new EnumMap<>(Kind.class);

  /** Adds {@code count} of a kind, with one sentence for all of them. */
  public synchronized void add(Kind kind, long count, String finding) {
    counts.merge(kind, count, Long::sum);
    List<String> said = words.computeIfAbsent(kind, k -> new ArrayList<>());
    if (said.size() < WORDS_PER_KIND) {
      said.add(finding);
    }
  }

  public synchronized long count(Kind kind) {
    return counts.getOrDefault(kind, 0L);
  }

  public synchronized boolean isClean() {
    return counts.isEmpty();
  }

  /** The findings in words, by kind. */
  public synchronized List<String> words() {
    List<String> all = new ArrayList<>();
    words.forEach((kind, said) -> said.forEach(one -> all.add(kind + " " + one)));
    return all;
  }

  /** As the last line of a run has it, after the number of faults. */
  public synchronized String summary() {
    return "lost %d doubled %d stale %d stalls %d"
        .formatted(count(Kind.LOST), count(Kind.DOUBLED), count(Kind.STALE), count(Kind.STALL));
  }
}

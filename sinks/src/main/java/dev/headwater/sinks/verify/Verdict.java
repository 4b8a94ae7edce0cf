package dev.headwater.sinks.verify;

import dev.headwater.sinks.ReadBack.Look;
import java.util.List;
import java.util.Optional;

/**
 * Decides whether what was found under a name is what the log says, at the position it was read.
 *
 * <p><b>The rule.</b> A place that has applied everything below offset {@code from}, and perhaps
 * something below {@code to}, holds of each key the last record below {@code from} or one of those
 * between the two. Where value and checkpoint are read in one step, {@code from} equals {@code to}
 * and there is one right answer, however fast the row changes.
 *
 * <p><b>The evidence.</b> Compaction may take a record before it is read, if a later one of the key
 * is there. The tail is read as it is written, so nothing is missing from it. So the last record
 * below {@code from} is known for certain if it stands in the tail, or if nothing is known behind
 * it; else nobody is accused, and the next look, further on, will tell.
 */
enum Verdict {
  /** As the log says. */
  RIGHT,
  /** Not there, because its time is over. */
  EXPIRED,
  /** Cannot be told at this position. */
  OPEN,
  /** Something else than the log says. */
  WRONG;

  /** Clocks differ, and a target removes what has expired when it comes by. */
  private static final long LENIENCE_MS = 2_000;

  /**
   * @param to where the log ended when the look was over
   * @param tailStart where the tail begins in the suspect's partition
   * @param found the hash of what is there, {@link Entry#NOTHING} where nothing is
   */
  static Verdict of(Suspect suspect, Look look, long to, long tailStart, long found) {
    if (look.fromOffset().isEmpty()) {
      return OPEN;
    }
    long from = look.fromOffset().getAsLong();
    Optional<Entry> last = suspect.lastBelow(from);
    Verdict verdict = of(last, found, look.atMs());
    if (verdict != WRONG) {
      return verdict;
    }
    List<Entry> perhaps = suspect.between(from, to);
    for (Entry record : perhaps) {
      Verdict other = of(Optional.of(record), found, look.atMs());
      if (other != WRONG) {
        return other;
      }
    }
    boolean isCertain =
        last.isPresent() && last.get().offset() >= tailStart || !suspect.hasFrom(from);
    return isCertain ? WRONG : OPEN;
  }

  /** Compares with one record, or with none at all. */
  static Verdict of(Optional<Entry> record, long found, long atMs) {
    if (record.isEmpty() || record.get().isNothing()) {
      return found == Entry.NOTHING ? RIGHT : WRONG;
    }
    Entry entry = record.get();
    boolean isMortal = entry.expiresAtMs() > 0;
    if (found == Entry.NOTHING) {
      return isMortal && entry.expiresAtMs() <= atMs + LENIENCE_MS ? EXPIRED : WRONG;
    }
    boolean isOverdue = isMortal && entry.expiresAtMs() < atMs - LENIENCE_MS;
    return found == entry.hash() && !isOverdue ? RIGHT : WRONG;
  }
}

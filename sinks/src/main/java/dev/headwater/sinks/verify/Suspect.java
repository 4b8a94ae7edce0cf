package dev.headwater.sinks.verify;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A name that was not found as the log has it last, with the records that tell what it was at which
 * position. Added to by the thread that follows the log, read by the one that decides.
 */
final class Suspect {
  private final byte[] name;
  private final int partition;
  private final List<Entry> records = new ArrayList<>();
  private int timesWrong;

  /**
   * @param partition which partition the row belongs to
   * @param known its records so far, in any order
   */
  Suspect(byte[] name, int partition, List<Entry> known) {
    this.name = name;
    this.partition = partition;
    records.addAll(known);
    records.sort(Comparator.comparingLong(Entry::offset));
  }

  byte[] name() {
    return name;
  }

  int partition() {
    return partition;
  }

  /** Adds what the log brought next. */
  synchronized void add(Entry record) {
    records.add(record);
  }

  /** The last record below an offset: what a place that stands there should hold. */
  synchronized Optional<Entry> lastBelow(long offset) {
    for (int i = records.size() - 1; i >= 0; i--) {
      if (records.get(i).offset() < offset) {
        return Optional.of(records.get(i));
      }
    }
    return Optional.empty();
  }

  /** The records from an offset to another, exclusive. */
  synchronized List<Entry> between(long fromOffset, long toOffset) {
    return records.stream().filter(r -> r.offset() >= fromOffset && r.offset() < toOffset).toList();
  }

  /** Whether anything is known to come after an offset, inclusive. */
  synchronized boolean hasFrom(long offset) {
    return !records.isEmpty() && records.get(records.size() - 1).offset() >= offset;
  }

  /** Whether the log has nothing of it at all. */
  synchronized boolean isUnknown() {
    return records.isEmpty();
  }

  /** Counts how often it was found wrong. */
  int wrongAgain() {
    return ++timesWrong;
  }
}

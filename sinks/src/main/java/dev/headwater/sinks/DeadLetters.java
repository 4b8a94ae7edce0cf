package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.DeadLetterTopic;
import dev.headwater.log.schema.TableId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The parked records of one sink, of all its generations, whichever process parked them.
 *
 * <p>What this process writes is known here at once; what others write with the next {@link
 * #refresh}. Values are not kept in memory. Thread-safe; only {@link #refresh}, {@link #park} and
 * {@link #forget} wait for the log, and looking never waits for them.
 */
public final class DeadLetters implements AutoCloseable {
  private final String sink;
  private final DeadLetterTopic topic;
  private final Map<String, Held> held = new ConcurrentHashMap<>();

  /** What stands at a place of the topic; no letter where one was taken away. */
  private record Held(long offset, @Nullable DeadLetter letter) {}

  private DeadLetters(LogConnection log, String sink) {
    this.sink = sink;
    this.topic = new DeadLetterTopic(log, sink);
  }

  /** Asks nobody before the first {@link #refresh}. */
  public static DeadLetters open(LogConnection log, String sink) {
    return new DeadLetters(log, sink);
  }

  /** Learns what others have written up to now. */
  public void refresh() {
    refresh(letter -> {});
  }

  /** A taker of letters with their values, in the order of the log. */
  private interface Whole {
    void take(DeadLetter letter);
  }

  private synchronized void refresh(Whole whole) {
    long read =
        topic.readOn(
            (offset, key, value) -> {
              Optional<DeadLetter> letter = value.map(bytes -> DeadLetterJson.parse(sink, bytes));
              letter.ifPresent(whole::take);
              note(key, offset, letter.map(DeadLetter::withoutValue).orElse(null));
            });
    // Nothing older can be read any more that one of these would have to hold off.
    held.values().removeIf(each -> each.letter() == null && each.offset() < read);
  }

  private void note(String key, long offset, @Nullable DeadLetter letter) {
    held.merge(
        key, new Held(offset, letter), (old, now) -> old.offset() > now.offset() ? old : now);
  }

  /**
   * The letters with their values, in order, straight from the log.
   *
   * @param wanted asked of each letter there ever was; only those that still stand are brought
   */
  public static List<DeadLetter> read(
      LogConnection log, String sink, Predicate<DeadLetter> wanted) {
    try (DeadLetters letters = open(log, sink)) {
      Map<String, DeadLetter> whole = new LinkedHashMap<>();
      letters.refresh(
          letter -> {
            if (wanted.test(letter)) {
              whole.put(DeadLetterJson.key(letter), letter);
            }
          });
      whole.keySet().removeIf(key -> !letters.stands(key));
      return sorted(whole.values());
    }
  }

  private boolean stands(String key) {
    Held known = held.get(key);
    return known != null && known.letter() != null;
  }

  /** All that stand, without values, by generation, table and offset. */
  public List<DeadLetter> all() {
    List<DeadLetter> letters = new ArrayList<>();
    for (Held each : held.values()) {
      if (each.letter() != null) {
        letters.add(each.letter());
      }
    }
    return sorted(letters);
  }

  private static List<DeadLetter> sorted(Collection<DeadLetter> letters) {
    return letters.stream()
        .sorted(
            Comparator.comparingInt(DeadLetter::generation)
                .thenComparing(letter -> letter.partition().toString())
                .thenComparingLong(DeadLetter::offset)
                .thenComparingLong(DeadLetter::seq))
        .toList();
  }

  /** How many rows a generation has parked. */
  public int count(int generation) {
    int count = 0;
    for (Held each : held.values()) {
      count += each.letter() != null && each.letter().generation() == generation ? 1 : 0;
    }
    return count;
  }

  /** Whether nothing is parked: what is asked of every batch. */
  boolean isEmpty() {
    return held.isEmpty();
  }

  /** Whether a row of a generation is parked. */
  public boolean isParked(int generation, TableId table, byte[] key) {
    for (Held each : held.values()) {
      DeadLetter letter = each.letter();
      if (letter != null
          && letter.generation() == generation
          && letter.partition().table().equals(table)
          && Arrays.equals(letter.key(), key)) {
        return true;
      }
    }
    return false;
  }

  /** Keeps letters; returns when the log has them. One that stands already is replaced. */
  public void park(Collection<DeadLetter> letters) {
    Map<String, Optional<byte[]>> records = new LinkedHashMap<>();
    letters.forEach(l -> records.put(DeadLetterJson.key(l), Optional.of(DeadLetterJson.value(l))));
    Map<String, Long> offsets = topic.write(records);
    for (DeadLetter letter : letters) {
      String key = DeadLetterJson.key(letter);
      note(key, offsets.getOrDefault(key, 0L), letter.withoutValue());
    }
  }

  /** Takes letters away; returns when the log has that. */
  public void forget(Collection<DeadLetter> letters) {
    if (letters.isEmpty()) {
      return;
    }
    Map<String, Optional<byte[]>> records = new LinkedHashMap<>();
    letters.forEach(letter -> records.put(DeadLetterJson.key(letter), Optional.empty()));
    topic.write(records).forEach((key, offset) -> note(key, offset, null));
  }

  @Override
  public synchronized void close() {
    topic.close();
  }
}

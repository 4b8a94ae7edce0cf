package dev.headwater.sinks.verify;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.ReadBack.Look;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Looks at suspects until each is decided, or patience ends. On the verification's thread.
 *
 * <p>No watermark and no second look decides: a row that changes five hundred times a second is
 * another at every look. What decides is {@link Verdict}, at the one position of the look.
 */
final class Judge {
  private static final int NAMES_PER_LOOK = 500;
  private static final Duration TAIL_LIMIT = Duration.ofSeconds(30);
  private static final long BETWEEN_LOOKS_MS = 100;

  /** Takes each suspect once, with what became of it. */
  interface Outcome {
    /**
     * @param found what was there at the last look
     */
    void decided(Suspect suspect, Verdict verdict, Optional<Content> found);
  }

  private final ReadBack place;
  private final LogConnection log;
  private final Evidence evidence;
  private final Tail tail;
  private final Duration patience;

  Judge(ReadBack place, LogConnection log, Evidence evidence, Tail tail, Duration patience) {
    this.place = place;
    this.log = log;
    this.evidence = evidence;
    this.tail = tail;
    this.patience = patience;
  }

  /** Decides all; {@link Verdict#OPEN} is told of those that could not be within the patience. */
  void decide(List<Suspect> suspects, Outcome outcome) {
    List<Suspect> open = suspects;
    long deadline = System.nanoTime() + patience.toNanos();
    while (!open.isEmpty()) {
      boolean isLast = System.nanoTime() > deadline;
      List<Suspect> again = new ArrayList<>();
      for (List<Suspect> together : byPartition(open)) {
        try {
          look(together, isLast, again, outcome);
        } catch (HeadwaterException e) {
          // A place that is busy for a moment is looked at again, as anything else undecided is.
          if (isLast || !e.code().isRetriable()) {
            throw e;
          }
          again.addAll(together);
        }
      }
      open = again;
      if (!open.isEmpty()) {
        Pause.millis(BETWEEN_LOOKS_MS);
      }
    }
  }

  /** In portions of one partition each. */
  static List<List<Suspect>> byPartition(List<Suspect> suspects) {
    Map<Integer, List<Suspect>> byPartition = new TreeMap<>();
    suspects.forEach(
        s -> byPartition.computeIfAbsent(s.partition(), p -> new ArrayList<>()).add(s));
    List<List<Suspect>> portions = new ArrayList<>();
    for (List<Suspect> all : byPartition.values()) {
      for (int from = 0; from < all.size(); from += NAMES_PER_LOOK) {
        portions.add(all.subList(from, Math.min(all.size(), from + NAMES_PER_LOOK)));
      }
    }
    return portions;
  }

  private void look(List<Suspect> together, boolean isLast, List<Suspect> again, Outcome outcome) {
    int ordinal = together.get(0).partition();
    LogPartition partition = evidence.partition(ordinal);
    Look look = place.look(partition, together.stream().map(Suspect::name).toList());
    long to =
        look.toOffset().isPresent()
            ? look.toOffset().getAsLong()
            : LogPartitions.committedEnd(log, partition);
    tail.await(ordinal, to, TAIL_LIMIT);
    for (int i = 0; i < together.size(); i++) {
      Suspect suspect = together.get(i);
      Optional<Content> found = look.found().get(i);
      long hash = found.map(ContentHash::of).orElse(Entry.NOTHING);
      Verdict verdict = Verdict.of(suspect, look, to, tail.start(ordinal), hash);
      boolean isSure = verdict != Verdict.WRONG || suspect.wrongAgain() >= place.looksNeeded();
      if (!isLast && (verdict == Verdict.OPEN || !isSure)) {
        again.add(suspect);
      } else {
        outcome.decided(suspect, isSure ? verdict : Verdict.OPEN, found);
      }
    }
  }
}

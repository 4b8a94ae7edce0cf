package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A target that keeps the laws of {@link PartitionWriter} and {@link Generations}, or, with one of
 * them taken out, does not. Either rows and checkpoint change in one step, as in a database, or
 * rows come first and are compared by version, as in a search index.
 */
final class SimulatedTarget implements Generations {
  /** What a target does for the sake of the laws. */
  enum Rule {
    FENCES_FORMER_WRITERS,
    STORES_THE_CHECKPOINT_AFTER_THE_ROWS,
    COMPARES_VERSIONS,
    SWITCHES_WHEN_LEVEL,
    SWITCHES_WHEN_SWEPT
  }

  /** What the answer of the target is to be. */
  enum Answer {
    DONE,
    UNREACHABLE,
    LOST,
    CUT_IN_THE_MIDDLE
  }

  /** What is there of one generation. */
  static final class Copy {
    final Generation.State state;
    final Map<Integer, Long> rows;
    final Map<Integer, Long> versions;
    final @Nullable Checkpoint checkpoint;
    final int writer;

    Copy(
        Generation.State state,
        Map<Integer, Long> rows,
        Map<Integer, Long> versions,
        @Nullable Checkpoint checkpoint,
        int writer) {
      this.state = state;
      this.rows = rows;
      this.versions = versions;
      this.checkpoint = checkpoint;
      this.writer = writer;
    }

    Copy as(Generation.State newState) {
      return new Copy(newState, rows, versions, checkpoint, writer);
    }

    Copy writtenBy(int newWriter) {
      return new Copy(state, rows, versions, checkpoint, newWriter);
    }

    Copy at(@Nullable Checkpoint newCheckpoint) {
      return new Copy(state, rows, versions, newCheckpoint, writer);
    }

    Copy twin() {
      return new Copy(state, new TreeMap<>(rows), new HashMap<>(versions), checkpoint, writer);
    }
  }

  /** So many batches may be lost at once. */
  private static final int UNSYNCED = 4;

  final boolean isAtomic;
  private final Set<Rule> rules;
  private final Random random;
  private final Runnable whileFinishing;
  private final TreeMap<Integer, Copy> copies = new TreeMap<>();
  private TreeMap<Integer, Copy> backup = new TreeMap<>();
  private final Deque<TreeMap<Integer, Copy>> former = new ArrayDeque<>();
  private int writers;

  SimulatedTarget(boolean isAtomic, Set<Rule> rules, Random random, Runnable whileFinishing) {
    this.isAtomic = isAtomic;
    this.rules = rules;
    this.random = random;
    this.whileFinishing = whileFinishing;
    copies.put(1, empty(Generation.State.SERVING));
  }

  private static Copy empty(Generation.State state) {
    return new Copy(state, new TreeMap<>(), new HashMap<>(), null, 0);
  }

  Map<Integer, Copy> copies() {
    return copies;
  }

  Copy serving() {
    return copies.values().stream()
        .filter(copy -> copy.state == Generation.State.SERVING)
        .findFirst()
        .orElseThrow();
  }

  void backUp() {
    backup = twins(copies);
  }

  /** The state of the last backup is there again, checkpoints and all. */
  boolean restore() {
    return become(backup);
  }

  /** What was acknowledged last is gone, as with a cache that syncs its file once a second. */
  boolean loseTheLast() {
    for (int i = random.nextInt(UNSYNCED); i > 0 && former.size() > 1; i--) {
      former.removeLast();
    }
    return !former.isEmpty() && become(former.removeLast());
  }

  private boolean become(TreeMap<Integer, Copy> state) {
    if (state.isEmpty()) {
      return false;
    }
    copies.clear();
    copies.putAll(twins(state));
    return true;
  }

  private static TreeMap<Integer, Copy> twins(Map<Integer, Copy> of) {
    TreeMap<Integer, Copy> twins = new TreeMap<>();
    of.forEach((number, copy) -> twins.put(number, copy.twin()));
    return twins;
  }

  /** Takes the partition over, in a generation that is there. */
  Writer take(int generation) {
    Copy copy = copies.get(generation);
    if (copy == null) {
      throw fenced();
    }
    copies.put(generation, copy.writtenBy(++writers));
    return new Writer(generation, writers, copy.checkpoint);
  }

  static HeadwaterException fenced() {
    return new HeadwaterException(FailureCode.FENCED, "another writer has it", "");
  }

  private static HeadwaterException unreachable() {
    return new HeadwaterException(FailureCode.TARGET_UNREACHABLE, "no answer", "");
  }

  @Override
  public String sink() {
    return "sink";
  }

  @Override
  public Kind kind() {
    return Kind.BESIDE;
  }

  @Override
  public GenerationSet read() {
    List<Generation> all = new ArrayList<>();
    copies.forEach((number, copy) -> all.add(new Generation(number, copy.state, "", true, "", 0)));
    return new GenerationSet(all, "");
  }

  @Override
  public Map<String, Checkpoint> checkpoints(int number) {
    Copy copy = copies.get(number);
    return copy == null || copy.checkpoint == null
        ? Map.of()
        : Map.of(SimulatedLog.PARTITION.toString(), copy.checkpoint);
  }

  @Override
  public GenerationSet begin(String request, String definition, boolean keepPrevious) {
    copies.put(copies.lastKey() + 1, empty(Generation.State.BUILDING));
    return read();
  }

  @Override
  public Sink open(Generation generation) {
    throw new UnsupportedOperationException("the simulation takes writers itself");
  }

  @Override
  public Promotion finish(int number) {
    if (random.nextInt(4) == 0) {
      return Promotion.waitsFor("its copies");
    }
    if (random.nextInt(4) == 0) {
      whileFinishing.run();
    }
    return Promotion.DONE;
  }

  @Override
  public Promotion promote(int number, String request, Map<LogPartition, Long> atLeast) {
    if (random.nextInt(4) == 0) {
      return Promotion.held("a writer of the other");
    }
    Copy next = copies.get(number);
    Checkpoint at = next == null ? null : next.checkpoint;
    if (at == null) {
      return Promotion.waitsFor("its first checkpoint");
    }
    Checkpoint live = serving().checkpoint;
    long least =
        Math.max(atLeast.get(SimulatedLog.PARTITION), live == null ? 0 : live.nextOffset());
    if (rules.contains(Rule.SWITCHES_WHEN_LEVEL) && at.nextOffset() < least) {
      return Promotion.waitsFor("the end");
    }
    if (rules.contains(Rule.SWITCHES_WHEN_SWEPT) && !at.isSwept()) {
      return Promotion.waitsFor("the sweep");
    }
    copies.replaceAll(
        (n, copy) ->
            copy.state == Generation.State.SERVING ? copy.as(Generation.State.PREVIOUS) : copy);
    copies.put(number, copies.get(number).as(Generation.State.SERVING));
    return Promotion.DONE;
  }

  @Override
  public Promotion drop(int number, String request) {
    copies.remove(number);
    return Promotion.DONE;
  }

  @Override
  public void close() {}

  /** One that took the partition, and may have been followed by another. */
  final class Writer implements PartitionWriter {
    private final int generation;
    private final int number;
    private @Nullable Checkpoint known;
    private @Nullable FoldedBatch inDoubt;
    private Answer answer = Answer.DONE;

    private Writer(int generation, int number, @Nullable Checkpoint known) {
      this.generation = generation;
      this.number = number;
      this.known = known;
    }

    /** How the next attempt is to end. */
    Writer answering(Answer newAnswer) {
      answer = newAnswer;
      return this;
    }

    @Override
    public LogPartition partition() {
      return SimulatedLog.PARTITION;
    }

    @Override
    public boolean isAtomic() {
      return isAtomic;
    }

    @Override
    public Optional<Checkpoint> checkpoint() {
      return Optional.ofNullable(known);
    }

    @Override
    public void apply(FoldedBatch batch, Refusals refusals) {
      if (answer == Answer.UNREACHABLE) {
        throw unreachable();
      }
      Copy copy = copies.get(generation);
      if (copy == null) {
        throw fenced();
      }
      boolean isOurs = copy.writer == number;
      boolean isKnown = Objects.equals(copy.checkpoint, known);
      if (rules.contains(Rule.FENCES_FORMER_WRITERS) && !(isOurs && isKnown)) {
        boolean wasDone = isOurs && batch == inDoubt && batch.checkpoint().equals(copy.checkpoint);
        if (!wasDone) {
          throw fenced();
        }
        known = copy.checkpoint;
        return;
      }
      former.addLast(twins(copies));
      if (former.size() > UNSYNCED) {
        former.removeFirst();
      }
      write(copies.get(generation), batch);
      if (answer == Answer.LOST) {
        inDoubt = batch;
        throw unreachable();
      }
      known = batch.checkpoint();
    }

    private void write(Copy copy, FoldedBatch batch) {
      boolean isRowsFirst = rules.contains(Rule.STORES_THE_CHECKPOINT_AFTER_THE_ROWS);
      List<FoldedRow> rows = batch.rows();
      if (answer == Answer.CUT_IN_THE_MIDDLE && !(isAtomic && isRowsFirst)) {
        if (!isRowsFirst) {
          copies.put(generation, copy.at(batch.checkpoint()));
        }
        rows.subList(0, random.nextInt(rows.size() + 1)).forEach(row -> put(copy, row));
        throw unreachable();
      }
      rows.forEach(row -> put(copy, row));
      copies.put(generation, copy.at(batch.checkpoint()));
    }

    private void put(Copy copy, FoldedRow row) {
      int key = SimulatedLog.number(row.key());
      boolean compares = !isAtomic && rules.contains(Rule.COMPARES_VERSIONS);
      if (compares && copy.versions.getOrDefault(key, 0L) > row.seq()) {
        return;
      }
      copy.versions.put(key, row.seq());
      if (row.isDelete()) {
        copy.rows.remove(key);
      } else {
        copy.rows.put(key, row.seq());
      }
    }

    @Override
    public void close() {}
  }

  Collection<Integer> keys(int generation) {
    Copy copy = copies.get(generation);
    return copy == null ? List.of() : List.copyOf(copy.rows.keySet());
  }
}

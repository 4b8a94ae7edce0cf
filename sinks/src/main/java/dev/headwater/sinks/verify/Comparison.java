package dev.headwater.sinks.verify;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.RecordLookup;
import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Report.Counts;
import dev.headwater.sinks.verify.Verification.Options;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Works through the spill: folds each file, has suspects judged and wrong rows mended, and counts
 * and lists what there was. On the verification's thread.
 */
final class Comparison implements Spill.Drain {
  /** Suspects of several files are looked at together: a look costs a few round trips. */
  private static final int DECIDED_TOGETHER = 2_000;

  /** So many wrong rows are kept in memory until they are mended. */
  private static final int MENDED_TOGETHER = 5_000;

  private final ReadBack place;
  private final Evidence evidence;
  private final Options options;
  private final Progress progress;

  /** Where the place stood in each partition when this began; it never goes back (I2). */
  private final long[] floors;

  private final Spill spill;
  private final Judge judge;
  private final @Nullable Mender mender;
  private final RecordLookup records;
  private final SortedMap<String, Counts> counts = new TreeMap<>();
  private final List<Defect> listed = new ArrayList<>();
  private final List<Suspect> suspects = new ArrayList<>();
  private final List<Wrong> wrong = new ArrayList<>();
  private long strangers;
  private long compared;

  /** A decided suspect, and what was found of it where that is to be listed. */
  private record Wrong(Suspect suspect, Kind kind, Optional<Content> found) {}

  Comparison(
      ReadBack place,
      Evidence evidence,
      Options options,
      Progress progress,
      long[] floors,
      Spill spill,
      Judge judge,
      @Nullable Mender mender,
      RecordLookup records) {
    this.place = place;
    this.evidence = evidence;
    this.options = options;
    this.progress = progress;
    this.floors = floors;
    this.spill = spill;
    this.judge = judge;
    this.mender = mender;
    this.records = records;
    evidence.tables().forEach(table -> counts.put(table.toString(), new Counts()));
  }

  SortedMap<String, Counts> counts() {
    return counts;
  }

  List<Defect> listed() {
    return listed;
  }

  long strangers() {
    return strangers;
  }

  @Override
  public void file(Spill.Entries entries) {
    Map<ByteBuffer, Known> byName = new HashMap<>();
    entries.forEach(
        entry -> {
          byName.computeIfAbsent(ByteBuffer.wrap(entry.name()), n -> new Known()).add(entry);
          compared++;
        });
    long now = System.currentTimeMillis();
    byName.forEach((name, known) -> fold(name.array(), known, now));
  }

  private void fold(byte[] name, Known known, long now) {
    Optional<Entry> last = known.last();
    Verdict verdict = Verdict.of(last, known.foundHash(), now);
    if (verdict != Verdict.WRONG) {
      if (last.isPresent() && !last.get().isNothing()) {
        Counts counts = countsOf(evidence.partition(last.get().partition()).table());
        counts.addRow();
        if (verdict == Verdict.EXPIRED) {
          counts.addExpired();
        }
      }
      return;
    }
    Optional<ReadBack.Row> row = last.isPresent() ? Optional.empty() : place.rowOf(name);
    if (last.isEmpty() && row.isEmpty() && place.hasStrangers()) {
      strangers++;
      return;
    }
    int partition =
        last.map(Entry::partition).orElseGet(() -> row.map(evidence::partitionOf).orElse(0));
    Suspect suspect = new Suspect(name, partition, known.records);
    spill.watch(name, suspect::add);
    suspects.add(suspect);
    countsOf(suspect).addSuspect();
  }

  @Override
  public void decide() {
    progress.done(compared);
    if (suspects.size() >= DECIDED_TOGETHER) {
      decideAll();
    }
  }

  /** Ends the comparison: decides and settles what is left. */
  void end() {
    decideAll();
    settle();
  }

  private void decideAll() {
    judge.decide(List.copyOf(suspects), this::decided);
    suspects.clear();
    if (wrong.size() >= MENDED_TOGETHER) {
      settle();
    }
  }

  private void decided(Suspect suspect, Verdict verdict, Optional<Content> content) {
    if (isRow(suspect, verdict, content)) {
      countsOf(suspect).addRow();
    }
    if (verdict == Verdict.RIGHT || verdict == Verdict.EXPIRED) {
      spill.unwatch(suspect.name());
      if (verdict == Verdict.EXPIRED) {
        countsOf(suspect).addExpired();
      }
      return;
    }
    // Rows may be large: only those that will be shown are kept.
    boolean isShown = listed.size() + wrong.size() < options.list();
    wrong.add(
        new Wrong(suspect, kind(suspect, verdict, content), isShown ? content : Optional.empty()));
    if (mender == null && wrong.size() >= MENDED_TOGETHER) {
      settle();
    }
  }

  /**
   * Whether it is a row of the log: of one that changes all the time the last record known may be a
   * delete that the next record takes back, so what is right is asked of the place.
   */
  private static boolean isRow(Suspect suspect, Verdict verdict, Optional<Content> content) {
    return verdict == Verdict.RIGHT
        ? content.isPresent()
        : suspect.lastBelow(Long.MAX_VALUE).filter(last -> !last.isNothing()).isPresent();
  }

  private Kind kind(Suspect suspect, Verdict verdict, Optional<Content> content) {
    Optional<ReadBack.Row> row = place.rowOf(suspect.name());
    if (row.isPresent() && options.parked().isParked(row.get().table(), row.get().key())) {
      return Kind.PARKED;
    }
    if (verdict == Verdict.OPEN) {
      return Kind.UNSETTLED;
    }
    return content.isEmpty()
        ? Kind.MISSING
        : isRow(suspect, verdict, content) ? Kind.DIFFERENT : Kind.EXTRA;
  }

  /** Lists, mends and counts what was found wrong, and forgets it. */
  private void settle() {
    List<Defect> described = describe();
    Set<Suspect> mended = Set.of();
    if (mender != null) {
      mended =
          mender.mend(
              wrong.stream()
                  .filter(w -> w.kind() != Kind.PARKED && w.kind() != Kind.UNSETTLED)
                  .map(Wrong::suspect)
                  .toList());
    }
    for (int i = 0; i < wrong.size(); i++) {
      Wrong each = wrong.get(i);
      boolean isMended = mended.contains(each.suspect());
      countsOf(each.suspect()).addDefect(each.kind(), isMended);
      if (i < described.size()) {
        Defect d = described.get(i);
        listed.add(
            new Defect(
                d.kind(), d.row(), d.name(), d.columns(), isMended, d.expected(), d.found()));
      }
      spill.unwatch(each.suspect().name());
    }
    wrong.clear();
  }

  /** The first of those in hand, as many as are still to be listed. */
  private List<Defect> describe() {
    int room = Math.max(0, options.list() - listed.size());
    List<Wrong> first = wrong.subList(0, Math.min(room, wrong.size()));
    Map<Suspect, Content> expected = expected(first);
    List<Defect> defects = new ArrayList<>();
    for (Wrong each : first) {
      Optional<Content> right = Optional.ofNullable(expected.get(each.suspect()));
      TreeSet<String> columns =
          each.kind() == Kind.DIFFERENT && right.isPresent() && each.found().isPresent()
              ? Content.difference(right.get(), each.found().get())
              : new TreeSet<>();
      String name = new String(each.suspect().name(), StandardCharsets.UTF_8);
      defects.add(
          new Defect(
              each.kind(),
              place.rowOf(each.suspect().name()),
              name,
              columns,
              false,
              right,
              each.found()));
    }
    return defects;
  }

  private Map<Suspect, Content> expected(List<Wrong> some) {
    Map<Suspect, Content> expected = new HashMap<>();
    for (List<Suspect> together : Judge.byPartition(some.stream().map(Wrong::suspect).toList())) {
      LogPartition partition = evidence.partition(together.get(0).partition());
      Map<Long, Suspect> byOffset = new HashMap<>();
      for (Suspect suspect : together) {
        suspect
            .lastBelow(Long.MAX_VALUE)
            .filter(entry -> !entry.isNothing())
            .ifPresent(entry -> byOffset.put(entry.offset(), suspect));
      }
      records
          .read(partition, byOffset.keySet())
          .forEach(
              (offset, record) ->
                  evidence
                      .expected(partition.table(), FoldedRow.of(record))
                      .ifPresent(content -> expected.put(byOffset.get(offset), content)));
    }
    return expected;
  }

  private Counts countsOf(Suspect suspect) {
    return place
        .rowOf(suspect.name())
        .map(row -> countsOf(row.table()))
        .orElseGet(
            () ->
                suspect.isUnknown()
                    ? counts.computeIfAbsent("(no row)", t -> new Counts())
                    : countsOf(evidence.partition(suspect.partition()).table()));
  }

  private Counts countsOf(TableId table) {
    return Objects.requireNonNull(counts.get(table.toString()));
  }

  /**
   * What a file knows of one name: its records from the floor on, and of those below the last one
   * only, for the place stands further on. A row that was written a million times is one then.
   */
  private final class Known {
    private final List<Entry> records = new ArrayList<>(1);
    private @Nullable Entry found;

    void add(Entry entry) {
      if (entry.isFound()) {
        found = entry;
        return;
      }
      long floor = floors[entry.partition()];
      if (entry.offset() < floor) {
        for (int i = 0; i < records.size(); i++) {
          if (records.get(i).offset() < floor) {
            records.set(i, records.get(i).offset() < entry.offset() ? entry : records.get(i));
            return;
          }
        }
      }
      records.add(entry);
    }

    long foundHash() {
      return found == null ? Entry.NOTHING : found.hash();
    }

    Optional<Entry> last() {
      return records.stream().max(Comparator.comparingLong(Entry::offset));
    }
  }
}

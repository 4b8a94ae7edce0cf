package dev.headwater.sinks.verify;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.RecordLookup;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Compares what one place holds with the log, key by key, while changes go on.
 *
 * <p>Every record of the log and every row of the place is spilled into local files by its name's
 * hash; file by file, what was found is compared with the log's last word. What differs then is no
 * more than suspect: most of it was changed meanwhile. Suspects are decided by {@link Judge}, at
 * one position each, from records that {@link Tail} has kept since before anything was read. So
 * memory is one file and what is suspect in it, and a hot row raises no alarm.
 *
 * <p>Single-use; {@link #run} on one thread.
 */
public final class Verification {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long FILE_BYTES = 1L << 20;

  /** How long an undecided row is looked at. */
  public static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Knows which rows' records a sink's target has refused. */
  public interface Parked {
    boolean isParked(TableId table, byte[] key);
  }

  /**
   * What is wanted.
   *
   * @param repair writes what differs, if it is there
   * @param list how many defects are listed with their columns; all are counted
   * @param parked which rows' records are kept apart
   * @param patience how long an undecided row is looked at
   */
  public record Options(Optional<Sink> repair, int list, Parked parked, Duration patience) {
    /** Compares, and lists the first defects. */
    public static Options comparing(int list) {
      return new Options(Optional.empty(), list, (table, key) -> false, PATIENCE);
    }

    /** Tells rows apart whose records are parked. */
    public Options apart(Parked letters) {
      return new Options(repair, list, letters, patience);
    }

    /** Also writes what differs. */
    public Options mending(Sink sink) {
      return new Options(Optional.of(sink), list, parked, patience);
    }
  }

  private final String what;
  private final ReadBack place;
  private final LogConnection log;
  private final Options options;
  private final Progress progress;
  private final List<LogPartition> partitions;
  private final Evidence evidence;

  /** Where the place stood in each partition when this began; it never goes back (I2). */
  private final long[] floors;

  private long read;
  private long found;

  /**
   * @param what the sink's name, or the source's, for messages
   * @param wanted which tables are compared
   */
  public Verification(
      String what,
      ReadBack place,
      LogConnection log,
      Predicate<TableId> wanted,
      Options options,
      Progress progress) {
    this.what = what;
    this.place = place;
    this.log = log;
    this.options = options;
    this.progress = progress;
    SchemaStore schemas = new SchemaStore(log);
    this.partitions =
        LogPartitions.of(log, schemas, wanted).values().stream().flatMap(List::stream).toList();
    this.evidence = new Evidence(place, schemas, partitions);
    this.floors = new long[partitions.size()];
    if (partitions.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          what + " – none of its tables is in the log yet",
          "Start its connector with 'headwater run'.");
    }
  }

  /**
   * Compares, and mends if that is wanted.
   *
   * @throws HeadwaterException TARGET_NOT_READY if there is nothing to compare yet; else as log and
   *     place fail
   */
  public Report run() {
    long began = System.nanoTime();
    try (Spill spill = new Spill(FILE_BYTES);
        ReplayReader reader = ReplayReader.open(log, partitions, Map.of())) {
      Map<LogPartition, Long> ends = reader.endOffsets();
      try (Tail tail = Tail.start(log, partitions, ends, evidence, spill)) {
        requireFilled(ends);
        gather(reader, ends, spill);
        Comparison comparison = compare(spill, tail);
        return report(comparison, spill, began);
      }
    }
  }

  private Report report(Comparison comparison, Spill spill, long began) {
    return new Report(
        comparison.counts(),
        List.copyOf(comparison.listed()),
        comparison.strangers(),
        read,
        found,
        lag(),
        spill.bytes(),
        (System.nanoTime() - began) / 1_000_000);
  }

  /** An empty place that nobody has begun to fill is no finding, but a question asked too early. */
  private void requireFilled(Map<LogPartition, Long> ends) {
    List<String> unfilled = new ArrayList<>();
    for (int i = 0; i < floors.length; i++) {
      LogPartition partition = partitions.get(i);
      OptionalLong from = place.look(partition, List.of()).fromOffset();
      floors[i] = from.orElse(0);
      if (from.isEmpty() && ends.get(partition) > 0) {
        unfilled.add(partition.toString());
      }
    }
    if (!unfilled.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "%s – has no checkpoint for %d of %d partitions (%s): it has not been filled yet"
              .formatted(what, unfilled.size(), partitions.size(), unfilled.get(0)),
          "Start it with 'headwater run', and verify once it is level.");
    }
  }

  /** Reads the log and what the place holds, side by side. */
  private void gather(ReplayReader reader, Map<LogPartition, Long> ends, Spill spill) {
    long records = ends.values().stream().mapToLong(Long::longValue).sum();
    OptionalLong rows = place.estimate();
    progress.begin(
        "log and " + what,
        rows.isPresent() ? OptionalLong.of(records + rows.getAsLong()) : OptionalLong.empty());
    try (PlaceScan scan = PlaceScan.start(place, spill)) {
      readLog(reader, ends, spill, scan);
      while (!scan.isDone()) {
        progress.done(read + scan.found());
        Pause.millis(20);
      }
      found = scan.found();
      progress.done(read + found);
    }
  }

  private void readLog(
      ReplayReader reader, Map<LogPartition, Long> ends, Spill spill, PlaceScan scan) {
    Map<LogPartition, Integer> ordinals = new HashMap<>();
    partitions.forEach(p -> ordinals.put(p, ordinals.size()));
    while (!reader.isCaughtUp()) {
      for (PartitionBatch batch : reader.poll(POLL)) {
        int ordinal = ordinals.get(batch.partition());
        long end = ends.get(batch.partition());
        for (LogRecord record : batch.records()) {
          if (record.offset() < end) {
            spill.add(evidence.of(ordinal, record));
            read++;
          }
        }
        scan.requireAlive();
        progress.done(read + scan.found());
      }
    }
  }

  private Comparison compare(Spill spill, Tail tail) {
    progress.begin("compare", OptionalLong.of(read + found));
    Judge judge = new Judge(place, log, evidence, tail, options.patience());
    Mender mender =
        options.repair().map(sink -> new Mender(sink, place, log, evidence, tail)).orElse(null);
    try (RecordLookup records = RecordLookup.open(log)) {
      Comparison comparison =
          new Comparison(place, evidence, options, progress, floors, spill, judge, mender, records);
      spill.drain(comparison);
      comparison.end();
      return comparison;
    } finally {
      if (mender != null) {
        mender.close();
      }
    }
  }

  private long lag() {
    long lag = 0;
    for (LogPartition partition : partitions) {
      long end = LogPartitions.committedEnd(log, partition);
      long at = place.look(partition, List.of()).fromOffset().orElse(0);
      lag += Math.max(0, end - at);
    }
    return lag;
  }
}

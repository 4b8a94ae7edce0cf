package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.replay.KeyHash;
import dev.headwater.log.replay.KeySpill;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.TableSchema;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Finds the rows of one partition that the log has no more, and has its owner delete them; where a
 * generation is built in place, it also has every living row written once more.
 *
 * <p><b>Why it is right.</b> A tombstone that vanished took the older records of its key with it.
 * So a second reading from the beginning to an end E, taken after the owner began to note what it
 * applies ({@link #touch}), sees nothing of a ghost. The last record of a living key lies below E,
 * and is seen, or at or behind E, and then it is touched: the target is asked for its keys once all
 * below E is applied. A key of the target that was neither seen alive below E nor touched behind it
 * is a ghost at the very moment the owner, and nobody else, deletes it: between two of its own
 * batches. What the owner applied from below E says nothing: it may have been read, and have
 * waited, before the tombstone that was missed. The reading may take any time, and compaction may
 * go on meanwhile; only the owner must stay level with the log.
 *
 * <p>Keys are told apart by 128 bits and kept in files ({@link KeySpill}): memory holds one of
 * them. {@link #touch} is called by the applying thread, all else by the sweeper's.
 */
final class Sweep implements AutoCloseable {
  private static final int CHUNK_ROWS = 1_000;
  private static final byte[] NO_BYTES = {};

  private final LogView log;
  private final PartitionFeed feed;
  private final LogPartition partition;
  private final boolean rewrites;
  private final KeySpill records = new KeySpill(FailureCode.TARGET_UNREACHABLE);
  private final KeySpill held = new KeySpill(FailureCode.TARGET_UNREACHABLE);
  private final Set<KeyHash> recent = new HashSet<>();
  private long maxSeq;

  /** How many rows were deleted, and how many written once more. */
  record Outcome(long deleted, long written) {}

  /**
   * @param rewrites whether living rows are written once more
   */
  Sweep(LogView log, PartitionFeed feed, boolean rewrites) {
    this.log = log;
    this.feed = feed;
    this.partition = feed.partition();
    this.rewrites = rewrites;
  }

  /** Notes that the owner is about to apply a row. */
  void touch(FoldedRow row) {
    KeyHash hash = KeyHash.of(row.key());
    records.add(hash, number(row.offset(), true, row.isDelete()), NO_BYTES);
    synchronized (recent) {
      recent.add(hash);
    }
  }

  /**
   * Leaves those rows out that the owner applied since the list was made, and those that it has
   * still to come to: what it has read and not applied may hold older ones of the same key.
   *
   * @param nextOffset where the owner goes on
   */
  List<FoldedRow> untouched(List<FoldedRow> rows, long nextOffset) {
    synchronized (recent) {
      return rows.stream()
          .filter(row -> row.isDelete() || row.offset() < nextOffset)
          .filter(row -> !recent.contains(KeyHash.of(row.key())))
          .toList();
    }
  }

  /**
   * Does the whole of it, once the owner notes what it applies.
   *
   * @param partitions how many the table's topic has
   * @param schema the newest version of the table's schema
   * @param goesOn whether the partition is still this owner's; else it ends early
   * @return empty if it ended early
   */
  Optional<Outcome> run(KeyScan scan, int partitions, TableSchema schema, BooleanSupplier goesOn) {
    long end = log.committedEnd(partition);
    if (!readKeys(end, goesOn) || !feed.awaitApplied(end, goesOn)) {
      return Optional.empty();
    }
    scan.keys(
        schema,
        key -> {
          if (LogPartitions.partitionOf(key, partitions) == partition.partition()) {
            held.add(KeyHash.of(key), 0, key);
          }
        });
    long deleted = 0;
    Offsets last = new Offsets();
    for (int bucket = 0; bucket < KeySpill.BUCKETS; bucket++) {
      Optional<Long> gone = deleteGhosts(bucket, end, schema, goesOn, last);
      if (gone.isEmpty()) {
        return Optional.empty();
      }
      deleted += gone.get();
    }
    if (!rewrites) {
      return Optional.of(new Outcome(deleted, 0));
    }
    Optional<Long> written = rewrite(end, last, goesOn);
    long all = deleted;
    return written.map(rows -> new Outcome(all, rows));
  }

  private boolean readKeys(long end, BooleanSupplier goesOn) {
    return log.read(
        partition,
        end,
        goesOn,
        record -> {
          maxSeq = Math.max(maxSeq, record.seq());
          records.add(
              KeyHash.of(record.key()),
              number(record.offset(), false, record.isTombstone()),
              NO_BYTES);
          return true;
        });
  }

  /** Where a record stands, whether the owner applied it, and whether it deletes. */
  private static long number(long offset, boolean isTouched, boolean deletes) {
    return offset << 2 | (isTouched ? 2 : 0) | (deletes ? 1 : 0);
  }

  private Optional<Long> deleteGhosts(
      int bucket, long end, TableSchema schema, BooleanSupplier goesOn, Offsets last) {
    // What is touched from here on is in this set, what was touched before is in the files. Where
    // rows are written once more at the end, what was touched meanwhile must not be.
    if (!rewrites) {
      synchronized (recent) {
        recent.clear();
      }
    }
    Map<KeyHash, Long> newest = new HashMap<>();
    records.read(
        bucket,
        (hash, number, bytes) -> {
          boolean isSeen = (number & 2) == 0;
          if (isSeen || number >> 2 >= end) {
            newest.merge(hash, number, Math::max);
          }
        });
    if (rewrites) {
      newest.values().stream()
          .filter(number -> (number & 1) == 0)
          .forEach(number -> last.add(number >> 2));
    }
    List<FoldedRow> ghosts = new ArrayList<>();
    Set<KeyHash> found = new HashSet<>();
    long[] deleted = {0};
    boolean[] stays = {true};
    held.read(
        bucket,
        (hash, number, key) -> {
          Long at = newest.get(hash);
          boolean lives = at != null && (at & 1) == 0;
          if (!lives && found.add(hash)) {
            ghosts.add(ghost(key, schema));
            if (ghosts.size() == CHUNK_ROWS) {
              stays[0] &= hand(ghosts, goesOn);
              deleted[0] += ghosts.size();
              ghosts.clear();
            }
          }
        });
    stays[0] &= ghosts.isEmpty() || hand(ghosts, goesOn);
    return stays[0] ? Optional.of(deleted[0] + ghosts.size()) : Optional.empty();
  }

  /** A delete by the newest version there is: no target may take it for an old one. */
  private FoldedRow ghost(byte[] key, TableSchema schema) {
    return new FoldedRow(
        key, null, maxSeq, 0, schema.version(), Optional.empty(), System.currentTimeMillis());
  }

  private Optional<Long> rewrite(long end, Offsets last, BooleanSupplier goesOn) {
    List<FoldedRow> rows = new ArrayList<>();
    long[] written = {0};
    boolean whole =
        log.read(
            partition,
            end,
            goesOn,
            record -> {
              if (last.contains(record.offset())) {
                rows.add(FoldedRow.of(record));
              }
              if (rows.size() < CHUNK_ROWS) {
                return true;
              }
              written[0] += rows.size();
              boolean stays = hand(rows, goesOn);
              rows.clear();
              return stays;
            });
    whole = whole && (rows.isEmpty() || hand(rows, goesOn));
    return whole ? Optional.of(written[0] + rows.size()) : Optional.empty();
  }

  private boolean hand(List<FoldedRow> rows, BooleanSupplier goesOn) {
    return goesOn.getAsBoolean() && feed.applyBeside(this, List.copyOf(rows), goesOn);
  }

  /** A set of offsets, a bit each. */
  private static final class Offsets {
    private static final int BITS = 24;
    private final Map<Integer, BitSet> blocks = new HashMap<>();

    void add(long offset) {
      blocks
          .computeIfAbsent((int) (offset >>> BITS), block -> new BitSet())
          .set((int) (offset & (1 << BITS) - 1));
    }

    boolean contains(long offset) {
      BitSet block = blocks.get((int) (offset >>> BITS));
      return block != null && block.get((int) (offset & (1 << BITS) - 1));
    }
  }

  @Override
  public void close() {
    records.close();
    held.close();
  }
}

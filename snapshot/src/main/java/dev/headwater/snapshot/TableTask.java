package dev.headwater.snapshot;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoad.Plan;
import dev.headwater.log.snapshot.TableLoad.Reload;
import dev.headwater.log.snapshot.TableLoad.State;
import dev.headwater.snapshot.SourceTable.Leaf;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The load of one table: what is left to read, what is being read, what is in the log.
 *
 * <p>Chunks are cut when a reader asks for one, by what the rows before turned out to be like.
 * Guarded by the {@link LoadBoard} it belongs to.
 */
final class TableTask {
  /** Where there are no statistics: as many rows to a block as a narrow table has. */
  private static final double UNKNOWN_ROWS_PER_BLOCK = 60;

  /** A block becomes about so many bytes of JSON; measured as soon as something is read. */
  private static final long UNKNOWN_BYTES_PER_BLOCK = 24 << 10;

  private static final long AGAIN_AFTER_NANOS = 50_000_000;

  private final TableId table;
  private final SnapshotConfig config;

  private Phase phase = Phase.WAITING;
  private boolean needsPlan;
  private @Nullable Plan stored;
  private @Nullable Reload reload;
  private String detail = "";
  private int generation;

  private @Nullable LoadTarget target;
  private @Nullable SourceTable source;
  private boolean byKey;
  private boolean withCtid;
  private final Map<Long, Leaf> leaves = new HashMap<>();
  private final Deque<ChunkRange> todo = new ArrayDeque<>();
  private final Set<ChunkRange> inFlight = new LinkedHashSet<>();

  /** By key, where a chunk ends is known only when it is read; then the next one may begin. */
  private boolean isEndUnknown;

  private int unsettled;
  private long notBeforeNanos = System.nanoTime();

  private long rows;
  private long bytes;
  private long startedMs;
  private long readRows;
  private long readBytes;
  private long readBlocks;
  private long runRows;
  private long runStartNanos;

  TableTask(TableId table, SnapshotConfig config, @Nullable TableLoad load) {
    this.table = table;
    this.config = config;
    if (load == null) {
      needsPlan = true;
    } else if (load.state() == State.COMPLETE) {
      phase = Phase.COMPLETE;
      reload = load.reload();
      rows = load.rows();
    } else {
      needsPlan = true;
      reload = load.reload();
      stored = load.plan();
      rows = load.rows();
      bytes = load.bytes();
      startedMs = load.startedMs();
    }
  }

  TableId table() {
    return table;
  }

  Phase phase() {
    return phase;
  }

  /** Whether rows written before the table was published may still be invisible. */
  boolean isNew() {
    return reload == null && stored == null;
  }

  boolean needsPlan() {
    return needsPlan && phase != Phase.FAILED;
  }

  Optional<Reload> reload() {
    return Optional.ofNullable(reload);
  }

  int generation() {
    return generation;
  }

  void waitsFor(String what) {
    detail = what;
  }

  /** Starts anew; what is being read is void. */
  void restart(@Nullable Reload wanted) {
    generation++;
    phase = Phase.WAITING;
    needsPlan = true;
    if (wanted != null) {
      reload = wanted;
    }
    stored = null;
    detail = "";
    todo.clear();
    inFlight.clear();
    isEndUnknown = false;
    unsettled = 0;
    rows = 0;
    bytes = 0;
    runRows = 0;
    startedMs = 0;
  }

  void fail(String why) {
    generation++;
    phase = Phase.FAILED;
    needsPlan = false;
    detail = why;
    todo.clear();
    inFlight.clear();
  }

  /**
   * Begins to read, or goes on where the log says.
   *
   * @param sinceSeq where a reload begins that has not yet begun
   */
  void plan(SourceTable found, LoadTarget openTarget, long sinceSeq) {
    source = found;
    target = openTarget;
    byKey = !found.byCtid();
    withCtid = found.leaves().stream().anyMatch(Leaf::hasToast);
    leaves.clear();
    found.leaves().forEach(leaf -> leaves.put(leaf.oid(), leaf));
    todo.clear();
    inFlight.clear();
    Plan before = stored;
    boolean goesOn =
        before != null && before.definition().equals(found.definition()) && before.byKey() == byKey;
    if (goesOn) {
      todo.addAll(Objects.requireNonNull(before).todo());
    } else {
      rows = 0;
      bytes = 0;
      startedMs = System.currentTimeMillis();
      if (byKey) {
        todo.add(new ChunkRange(0, null, null));
      } else {
        found.leaves().forEach(leaf -> todo.add(new ChunkRange(leaf.oid(), null, null)));
      }
    }
    if (reload != null && reload.sinceSeq() == 0) {
      reload = new Reload(reload.request(), reload.where(), sinceSeq);
    }
    stored = null;
    needsPlan = false;
    detail = "";
    readRows = 0;
    readBytes = 0;
    readBlocks = 0;
    runStartNanos = System.nanoTime();
    phase = todo.isEmpty() && reload != null ? Phase.SWEEPING : Phase.READING;
    if (todo.isEmpty() && reload == null) {
      // A partitioned table without partitions: an empty range is read, and completes it.
      byKey = true;
      todo.add(new ChunkRange(0, null, null));
    }
  }

  boolean isReady(long nanoTime) {
    return phase == Phase.READING
        && !todo.isEmpty()
        && !isEndUnknown
        && nanoTime - notBeforeNanos >= 0;
  }

  /** About how many rows the next piece has. */
  long nextRows() {
    ChunkRange next = Objects.requireNonNull(todo.peek());
    if (byKey) {
      return Math.min(config.chunkRows(), (long) estimate().orElse(config.chunkRows()));
    }
    Leaf leaf = leafOf(next);
    long blocks = Math.min(blocksPerChunk(leaf), Math.max(0, leaf.blocks() - block(next.from())));
    return (long) (blocks * rowsPerBlock(leaf));
  }

  /** Cuts the next piece off. */
  Piece take() {
    ChunkRange next = todo.remove();
    ChunkRange range = next;
    Leaf leaf = leafOf(next);
    if (!byKey) {
      long end = block(next.from()) + blocksPerChunk(leaf);
      long limit = next.to() == null ? leaf.blocks() : block(next.to());
      // The last range has no end: blocks may have been added since.
      if (end < limit) {
        List<String> cut = List.of("(" + end + ",0)");
        range = new ChunkRange(next.leaf(), next.from(), cut);
        todo.addFirst(new ChunkRange(next.leaf(), cut, next.to()));
      }
    }
    inFlight.add(range);
    isEndUnknown = byKey;
    return new Piece(
        this,
        range,
        leaf,
        Objects.requireNonNull(target),
        Objects.requireNonNull(source),
        reload == null ? null : reload.where(),
        generation,
        byKey,
        withCtid && !byKey,
        config.chunkRows());
  }

  /**
   * A piece was read only up to somewhere: the rest is left to do.
   *
   * @return what was read
   */
  ChunkRange cut(ChunkRange range, List<String> end) {
    inFlight.remove(range);
    ChunkRange read = new ChunkRange(range.leaf(), range.from(), end);
    inFlight.add(read);
    todo.addFirst(new ChunkRange(range.leaf(), end, range.to()));
    return read;
  }

  /** What a piece turned out to be like. */
  void measured(Piece piece, ChunkRange range, long rowsRead, long bytesRead) {
    unsettled++;
    isEndUnknown = false;
    readRows += rowsRead;
    readBytes += bytesRead;
    if (!piece.byKey()) {
      long end = range.to() == null ? piece.leaf().blocks() : block(range.to());
      readBlocks += Math.max(0, end - block(range.from()));
    }
  }

  /**
   * A piece had more bytes than a chunk may have, and could not be ended early.
   *
   * @param blocksNow how many blocks its leaf has now
   */
  void tooLarge(Piece piece, long blocksNow) {
    giveBack(piece.range());
    Leaf leaf = piece.leaf();
    leaves.put(
        leaf.oid(),
        new Leaf(leaf.oid(), leaf.schema(), leaf.name(), blocksNow, leaf.rows(), leaf.hasToast()));
    // From here on each row's ctid is read, and a chunk ends where it is full.
    withCtid = true;
  }

  /** A piece was not read, or not to its end. */
  void giveBack(ChunkRange range) {
    isEndUnknown = false;
    if (inFlight.remove(range)) {
      todo.addFirst(range);
    }
  }

  /** The piece must be read again; not at once, for what it missed takes its time. */
  void readAgain(ChunkRange range) {
    unsettled--;
    giveBack(range);
    notBeforeNanos = System.nanoTime() + AGAIN_AFTER_NANOS;
  }

  void pause(long nanos) {
    notBeforeNanos = System.nanoTime() + nanos;
  }

  /** The rows of a piece are in the log's running transaction; the state that goes with them. */
  TableLoad appended(ChunkRange range, int count, long bytesRead) {
    inFlight.remove(range);
    rows += count;
    runRows += count;
    bytes += bytesRead;
    return state();
  }

  /** The table's state with what is appended so far. */
  TableLoad state() {
    TableLoad load = new TableLoad(State.LOADING, reload, plan(), rows, bytes, startedMs);
    return isAllAppended() && reload == null ? load.complete() : load;
  }

  private Plan plan() {
    List<ChunkRange> left = new ArrayList<>(inFlight);
    left.addAll(todo);
    return new Plan(byKey, Objects.requireNonNull(source).definition(), joined(left));
  }

  /** Ranges that meet are written as one. */
  private static List<ChunkRange> joined(List<ChunkRange> ranges) {
    Deque<ChunkRange> joined = new ArrayDeque<>();
    for (ChunkRange range : ranges) {
      ChunkRange last = joined.peekLast();
      if (last != null
          && last.leaf() == range.leaf()
          && last.to() != null
          && last.to().equals(range.from())) {
        joined.removeLast();
        joined.add(new ChunkRange(last.leaf(), last.from(), range.to()));
      } else {
        joined.add(range);
      }
    }
    return List.copyOf(joined);
  }

  private boolean isAllAppended() {
    return todo.isEmpty() && inFlight.isEmpty();
  }

  /** A transaction with rows of this table is committed. */
  void settled() {
    unsettled--;
    if (phase == Phase.READING && isAllAppended() && unsettled <= 0) {
      phase = reload == null ? Phase.COMPLETE : Phase.SWEEPING;
    }
  }

  void swept(int deleted) {
    rows += deleted;
    phase = Phase.COMPLETE;
  }

  Optional<LoadTarget> target() {
    return Optional.ofNullable(target);
  }

  SourceTable source() {
    return Objects.requireNonNull(source);
  }

  private Leaf leafOf(ChunkRange range) {
    Leaf leaf = leaves.get(range.leaf());
    return leaf == null ? new Leaf(0, table.schema(), table.name(), 0, 0, false) : leaf;
  }

  private long blocksPerChunk(Leaf leaf) {
    double rowsPerBlock = rowsPerBlock(leaf);
    double bytesPerBlock =
        readBlocks == 0 ? UNKNOWN_BYTES_PER_BLOCK : (double) readBytes / readBlocks;
    double byRows = maxRows() / Math.max(rowsPerBlock, 0.01);
    double byBytes = 0.75 * config.chunkBytes() / Math.max(bytesPerBlock, 1);
    return Math.max(1, (long) Math.min(byRows, byBytes));
  }

  private long maxRows() {
    long rate = config.rateRowsPerSecond();
    return rate == 0 ? config.chunkRows() : Math.max(1, Math.min(config.chunkRows(), rate));
  }

  private double rowsPerBlock(Leaf leaf) {
    if (readBlocks > 0 && readRows > 0) {
      return (double) readRows / readBlocks;
    }
    return leaf.rows() > 0 && leaf.blocks() > 0
        ? leaf.rows() / leaf.blocks()
        : UNKNOWN_ROWS_PER_BLOCK;
  }

  private static long block(@Nullable List<String> ctid) {
    if (ctid == null) {
      return 0;
    }
    String text = ctid.get(0);
    return Long.parseLong(text.substring(1, text.indexOf(',')));
  }

  private OptionalLong estimate() {
    SourceTable found = source;
    if (found == null) {
      return OptionalLong.empty();
    }
    double sum = 0;
    for (Leaf leaf : leaves.isEmpty() ? found.leaves() : leaves.values()) {
      sum += byKey ? Math.max(0, leaf.rows()) : leaf.blocks() * rowsPerBlock(leaf);
    }
    return byKey && sum == 0 ? OptionalLong.empty() : OptionalLong.of((long) sum);
  }

  TableProgress progress() {
    OptionalLong estimated =
        phase == Phase.COMPLETE ? OptionalLong.of(rows) : estimate().stream().findFirst();
    double percent = phase == Phase.COMPLETE ? 100 : Math.min(99.9, percent(estimated));
    double seconds = Math.max(1e-3, (System.nanoTime() - runStartNanos) / 1e9);
    double rate = runRows == 0 ? 0 : runRows / seconds;
    OptionalLong left =
        phase == Phase.READING && rate > 0 && estimated.isPresent()
            ? OptionalLong.of((long) (Math.max(0, estimated.getAsLong() - rows) / rate))
            : OptionalLong.empty();
    return new TableProgress(
        table,
        phase,
        rows,
        estimated,
        percent,
        phase == Phase.READING ? rate : 0,
        left,
        detail.isEmpty() ? Optional.empty() : Optional.of(detail));
  }

  private double percent(OptionalLong estimated) {
    if (phase == Phase.SWEEPING) {
      return 99.9;
    }
    if (phase != Phase.READING) {
      return 0;
    }
    long all = leaves.values().stream().mapToLong(Leaf::blocks).sum();
    if (byKey || all == 0) {
      return estimated.orElse(0) == 0 ? 0 : 100.0 * rows / estimated.getAsLong();
    }
    return 100.0 * (all - Math.min(all, blocksLeft(todo) + blocksLeft(inFlight))) / all;
  }

  private long blocksLeft(Collection<ChunkRange> ranges) {
    long left = 0;
    for (ChunkRange range : ranges) {
      long end = range.to() == null ? leafOf(range).blocks() : block(range.to());
      left += Math.max(0, end - block(range.from()));
    }
    return left;
  }
}

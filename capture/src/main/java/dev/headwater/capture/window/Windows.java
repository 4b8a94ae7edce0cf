package dev.headwater.capture.window;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import dev.headwater.log.snapshot.WindowRead;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Merges chunks of tables into the stream: decides for each row that was read whether it may go
 * into the log behind what the stream has brought, or must not, or whether the chunk has to be read
 * again.
 *
 * <p>A reader opens a window, commits a transaction that writes its <em>low watermark</em> L, reads
 * in one REPEATABLE READ transaction with snapshot S, hands the rows over together with S, and then
 * commits a transaction that writes the <em>high watermark</em> H. When the stream comes to H, the
 * rows that may go into the log are appended, in the log's transaction that also holds the position
 * behind H. The reader does not wait for either mark to come back.
 *
 * <p><b>The rule.</b> At H, with D(L) the transactions that had been delivered at L and were not
 * known to be visible:
 *
 * <ol>
 *   <li>if one of D(L) is not visible in S, the chunk is read again;
 *   <li>a row is left out if between L and H a transaction that is not visible in S touched its
 *       key, old or new;
 *   <li>all other rows are appended.
 * </ol>
 *
 * <p><b>Why it is right.</b> A transaction is delivered at the place of its commit record, whole.
 * It becomes visible to reads some time after that record was written, be it microseconds or, where
 * it waits for a standby, hours; never before. Visible in a snapshot is visible in every later one.
 * Let T be any transaction that changed the row's key.
 *
 * <ul>
 *   <li><em>T visible in S.</em> Its commit record was written before S was taken, hence before H
 *       was written: T is delivered before H. The row read holds T's change or a later one that S
 *       sees too, so appended at H it takes nothing back; and nothing that S saw comes after H.
 *   <li><em>T not visible in S, delivered after H.</em> It comes behind the row, as it must.
 *   <li><em>T not visible in S, delivered between L and H.</em> Rule 2: the row is left out, and
 *       T's own image, or a later one, is in the log already. What T deleted stays deleted.
 *   <li><em>T not visible in S, delivered before L.</em> Its keys are not remembered any more. If T
 *       is in D(L), rule 1 has the chunk read again. If it is not, it was forgotten, and then it is
 *       visible in S after all, as follows.
 * </ul>
 *
 * <p><b>Forgetting.</b> T leaves D only when a snapshot F sees it, and every read whose D(L) is not
 * fixed yet is later than F. Where F is the snapshot of a window that closes at H, every window
 * whose L has not come yet wrote its L after H, and reads after that. Where F was taken on the
 * side, it counts only as far as the snapshots go that were known when the waiting windows were
 * opened: each window keeps the latest one of that moment, which is older than its L, and the
 * oldest of these decides.
 *
 * <p><b>Restarts.</b> D is part of the position, so that the next session knows which transactions
 * are in the log that its first reads may not see. A transaction whose first half was in the log is
 * added when its commit is delivered, like any other. Windows live in one session: those that were
 * open are void, for what the stream touched before is forgotten; their marks still come, name
 * another run, and only move the position.
 *
 * <p><b>Numbers.</b> The stream carries 32 bits of a transaction id, snapshots 64; {@link
 * Visibility} matches them. Both speak of top-level transactions only. What is rolled back is never
 * delivered. A read-only transaction has no id, and the watermarks' own touch no rows.
 *
 * <p>{@link #open}, {@link #hand} and {@link #abandon} may be called by any thread; all else is the
 * stream's.
 */
public final class Windows {
  /** A window whose keys take more than this is read again rather than remembered. */
  private static final long MAX_TOUCHED_BYTES = 32L << 20;

  /** So many transactions may stand in a position before somebody asks which are visible. */
  private static final int MANY_DELIVERED = 64;

  /** The parts of the rule; a test takes them out one by one. */
  enum Rule {
    LEAVE_OUT_TOUCHED,
    TOUCHED_SINCE_LOW,
    READ_AGAIN_WHAT_MISSED_DELIVERED,
    STORE_DELIVERED,
    FORGET_BY_OLDEST_FLOOR,
    MARKS_OF_THIS_RUN_ONLY
  }

  /** Appends what a window brings. On the stream's thread. */
  public interface Merger {
    /**
     * Appends the rows of a chunk that are not superseded, and the state that its ending gives.
     *
     * @return false, with nothing appended, if the chunk cannot be used as it was read
     */
    boolean merge(ReadChunk chunk, Superseded superseded);
  }

  /** Tells of a row's key whether the row must be left out. */
  public interface Superseded {
    /** Whether the stream has brought something newer, or the end of the row. */
    boolean test(byte[] key);
  }

  private static final class Window {
    final TouchedKeys touched;
    final @Nullable Visibility floor;
    long[] deliveredAtLow = {};
    boolean overflowed;
    volatile @Nullable WindowRead read;
    volatile boolean isAbandoned;

    Window(Collection<TableId> tables, @Nullable Visibility floor) {
      this.touched = new TouchedKeys(tables);
      this.floor = floor;
    }
  }

  private final String run;
  private final Set<Rule> rules;
  private final DeliveredTransactions delivered;

  /** Windows whose low watermark has not come, in the order they were opened. */
  private final Map<Long, Window> waiting = new java.util.LinkedHashMap<>();

  /** Windows between their low and their high watermark; at most one for each reader. */
  private final Map<Long, Window> open = new HashMap<>();

  private final List<ReadChunk> appended = new ArrayList<>();
  private @Nullable Visibility latest;
  private long lastWindow;
  private long xid;
  private @Nullable Watermark mark;
  private int manyDelivered = MANY_DELIVERED;

  /**
   * The windows of one session.
   *
   * @param run names the session
   * @param delivered what the position says
   */
  public Windows(String run, Collection<Long> delivered) {
    this(run, delivered, EnumSet.allOf(Rule.class));
  }

  Windows(String run, Collection<Long> delivered, Set<Rule> rules) {
    this.run = run;
    this.rules = rules;
    this.delivered =
        new DeliveredTransactions(rules.contains(Rule.STORE_DELIVERED) ? delivered : List.of());
  }

  /** Opens a window over some tables; its low watermark may be written when this returns. */
  public long open(Collection<TableId> tables) {
    synchronized (waiting) {
      long window = ++lastWindow;
      waiting.put(window, new Window(tables, latest));
      return window;
    }
  }

  /** Takes what was read in a window; its high watermark may be written when this returns. */
  public void hand(WindowRead read) {
    Window window;
    synchronized (waiting) {
      window = waiting.get(read.window());
      if (latest == null || read.seen().isLaterThan(latest)) {
        latest = read.seen();
      }
      if (window == null) {
        window = open.get(read.window());
      }
    }
    if (window != null) {
      window.read = read;
    }
  }

  /** Gives a window up; its high watermark is not going to be written. */
  public void abandon(long number) {
    synchronized (waiting) {
      Window window = waiting.remove(number);
      Window opened = window == null ? open.get(number) : window;
      if (opened != null) {
        opened.isAbandoned = true;
      }
    }
  }

  /** A transaction begins. */
  public void begin(long transactionXid) {
    xid = transactionXid;
    mark = null;
  }

  /** The running transaction writes or deletes a key. */
  public void touched(TableId table, byte[] key) {
    if (!open.isEmpty()) {
      forEachOpen(window -> add(window, table, key));
    }
  }

  /** The running transaction empties a table. */
  public void touchedWhole(TableId table) {
    if (!open.isEmpty()) {
      forEachOpen(window -> window.touched.addWhole(table, xid));
    }
  }

  private void add(Window window, TableId table, byte[] key) {
    WindowRead read = window.read;
    if (window.overflowed || (read != null && read.seen().isVisible(xid))) {
      return;
    }
    if (read == null && !rules.contains(Rule.TOUCHED_SINCE_LOW)) {
      return;
    }
    window.touched.add(table, key, xid);
    if (window.touched.bytes() > MAX_TOUCHED_BYTES) {
      window.overflowed = true;
      window.touched.clear();
    }
  }

  private void forEachOpen(java.util.function.Consumer<Window> action) {
    for (Window window : open.values()) {
      if (!window.isAbandoned) {
        action.accept(window);
      }
    }
  }

  /** A message with {@link Watermark#PREFIX} in the running transaction. */
  public void message(byte[] content) {
    Watermark.parse(content)
        .filter(w -> w.run().equals(run) || !rules.contains(Rule.MARKS_OF_THIS_RUN_ONLY))
        .ifPresent(w -> mark = w);
  }

  /** The running transaction has ended: what it marks takes effect here. */
  public void commit(Merger merger) {
    Watermark ended = mark;
    if (ended == null) {
      delivered.add(xid);
      return;
    }
    mark = null;
    if (ended.high() != 0) {
      close(ended.high(), merger);
    }
    if (ended.low() != 0) {
      begin(ended);
    }
  }

  private void begin(Watermark low) {
    synchronized (waiting) {
      Window window = waiting.remove(low.low());
      if (window != null) {
        window.deliveredAtLow = delivered.copy();
        open.put(low.low(), window);
      }
      open.values().removeIf(w -> w.isAbandoned);
    }
  }

  private void close(long number, Merger merger) {
    Window window;
    synchronized (waiting) {
      window = open.remove(number);
      if (window == null && !rules.contains(Rule.MARKS_OF_THIS_RUN_ONLY)) {
        window = waiting.remove(number);
      }
    }
    WindowRead read = window == null ? null : window.read;
    if (window == null || read == null || window.isAbandoned) {
      return;
    }
    Visibility seen = read.seen();
    boolean usable = !window.overflowed && !missedDelivered(window, seen);
    for (ReadChunk chunk : read.chunks()) {
      if (usable && merger.merge(chunk, superseded(window, chunk, seen))) {
        appended.add(chunk);
      } else {
        chunk.ending().readAgain();
      }
    }
    delivered.forgetVisible(seen);
  }

  private boolean missedDelivered(Window window, Visibility seen) {
    if (rules.contains(Rule.READ_AGAIN_WHAT_MISSED_DELIVERED)) {
      for (long transaction : window.deliveredAtLow) {
        if (!seen.isVisible(transaction)) {
          return true;
        }
      }
    }
    return false;
  }

  private Superseded superseded(Window window, ReadChunk chunk, Visibility seen) {
    TableId table = chunk.schema().table();
    return window.touched.hasAny(table) && rules.contains(Rule.LEAVE_OUT_TOUCHED)
        ? key -> window.touched.isSuperseded(table, key, seen)
        : key -> false;
  }

  /** The log's transaction is committed, with all that was merged into it. */
  public void committed() {
    Iterator<ReadChunk> chunks = appended.iterator();
    while (chunks.hasNext()) {
      ReadChunk chunk = chunks.next();
      chunks.remove();
      chunk.ending().inTheLog();
    }
  }

  /** Delivered transactions that are not known to be visible: part of the position. */
  public List<Long> delivered() {
    return delivered.list();
  }

  /**
   * Forgets delivered transactions that are visible, if there are many.
   *
   * @param look asks the source what is visible now
   */
  public void tidy(Supplier<Visibility> look) {
    if (delivered.size() < manyDelivered) {
      return;
    }
    Visibility now = look.get();
    forgetBy(now);
    // Where they cannot be forgotten yet, asking again at once would not help.
    manyDelivered = Math.max(MANY_DELIVERED, delivered.size() * 2);
  }

  /** Takes a snapshot that was taken on the side. */
  void forgetBy(Visibility now) {
    Optional<Visibility> floor;
    synchronized (waiting) {
      if (latest == null || now.isLaterThan(latest)) {
        latest = now;
      }
      floor = oldestFloor(now);
    }
    floor.ifPresent(delivered::forgetVisible);
  }

  private Optional<Visibility> oldestFloor(Visibility now) {
    if (!rules.contains(Rule.FORGET_BY_OLDEST_FLOOR)) {
      return Optional.of(now);
    }
    // Opened in this order, so the first one knew the least.
    Iterator<Window> windows = waiting.values().iterator();
    return windows.hasNext() ? Optional.ofNullable(windows.next().floor) : Optional.of(now);
  }
}

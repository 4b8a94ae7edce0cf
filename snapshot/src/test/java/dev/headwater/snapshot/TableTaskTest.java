package dev.headwater.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoad.State;
import dev.headwater.snapshot.SourceTable.Leaf;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Which parts of a table are read, and when it may be called loaded. */
class TableTaskTest {
  private static final TableId TABLE = new TableId("shop", "public", "orders");
  private static final TableSchema SCHEMA =
      new TableSchema(
          TABLE,
          1,
          List.of(new ColumnSchema("id", PgType.base("int8"), "bigint", false, null)),
          List.of("id"));
  private static final LoadTarget TARGET = new LoadTarget(SCHEMA, Map.of());
  private static final SnapshotConfig CONFIG = new SnapshotConfig(2, 25, 1 << 20, 0, 1L << 30);

  /** Far enough ahead that no pause of a task is waited for. */
  private static final long LATER = System.nanoTime() + TimeUnit.DAYS.toNanos(1);

  @RepeatedTest(200)
  void chunksHaveNeitherHolesNorOverlapsHoweverTheyAreCut(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<Leaf> leaves = new ArrayList<>();
    for (int oid = 1 + random.nextInt(3); oid > 0; oid--) {
      long blocks = random.nextInt(60);
      double rows = random.nextBoolean() ? -1 : blocks * 40.0;
      leaves.add(new Leaf(oid, "public", "leaf" + oid, blocks, rows, random.nextBoolean()));
    }
    TableTask task = new TableTask(TABLE, CONFIG, null);
    task.plan(new SourceTable(leaves.size() > 1, "as it is", true, leaves), TARGET, 0);

    List<ChunkRange> inTheLog = readAll(task, random, TableTaskTest::placeInside);

    assertThat(task.phase()).isEqualTo(Phase.COMPLETE);
    Map<Long, List<ChunkRange>> byLeaf =
        inTheLog.stream()
            .collect(Collectors.groupingBy(ChunkRange::leaf, TreeMap::new, Collectors.toList()));
    assertThat(byLeaf).hasSize(leaves.size());
    byLeaf.values().forEach(TableTaskTest::assertWhole);
  }

  @RepeatedTest(50)
  void chunksByKeyHaveNeitherHolesNorOverlaps(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    TableTask task = new TableTask(TABLE, CONFIG, null);
    Leaf leaf = new Leaf(1, "public", "orders", 100, 2_000, false);
    task.plan(new SourceTable(false, "as it is", false, List.of(leaf)), TARGET, 0);
    int[] key = {0};

    List<ChunkRange> inTheLog =
        readAll(
            task,
            random,
            (range, by) -> {
              int from = range.from() == null ? 0 : Integer.parseInt(range.from().get(0));
              // Where a chunk was read before, there is an end that it must not pass.
              int end = range.to() == null ? from + 50 : Integer.parseInt(range.to().get(0)) - 1;
              if (end <= from || (range.to() == null && key[0] > 1_500)) {
                return null;
              }
              int cut = from + 1 + by.nextInt(end - from);
              key[0] = Math.max(key[0], cut);
              return List.of("" + cut);
            });

    assertThat(task.phase()).isEqualTo(Phase.COMPLETE);
    assertWhole(inTheLog);
  }

  @Test
  void aTableIsNotCompleteBeforeItsLastChunkIsInTheLog() {
    TableTask task = new TableTask(TABLE, CONFIG, null);
    task.plan(table(3), TARGET, 0);
    List<Piece> pieces = List.of(task.take(), task.take(), task.take());
    assertThat(task.isReady(LATER)).as("all is being read").isFalse();
    pieces.forEach(piece -> task.measured(piece, piece.range(), 25, 1_000));

    // The last one is the first to come through.
    TableLoad first = task.appended(pieces.get(2).range(), 25, 1_000);
    TableLoad second = task.appended(pieces.get(0).range(), 25, 1_000);
    task.settled();
    task.settled();

    assertThat(first.state()).isEqualTo(State.LOADING);
    assertThat(second.state()).isEqualTo(State.LOADING);
    assertThat(task.phase()).isEqualTo(Phase.READING);
    TableLoad last = task.appended(pieces.get(1).range(), 25, 1_000);
    assertThat(last.state()).isEqualTo(State.COMPLETE);
    assertThat(task.phase()).as("its transaction may still fail").isEqualTo(Phase.READING);
    task.settled();
    assertThat(task.phase()).isEqualTo(Phase.COMPLETE);
  }

  @Test
  void whatWasReadAndIsNotInTheLogIsReadAgainByTheNextProcess() {
    TableTask killed = new TableTask(TABLE, CONFIG, null);
    killed.plan(table(4), TARGET, 0);
    Piece first = killed.take();
    Piece second = killed.take();
    killed.measured(first, first.range(), 25, 1_000);
    killed.measured(second, second.range(), 25, 1_000);
    TableLoad stored = killed.appended(second.range(), 25, 1_000);

    TableTask next = new TableTask(TABLE, CONFIG, stored);
    next.plan(table(4), TARGET, 0);
    List<ChunkRange> inTheLog = readAll(next, new Random(1), (range, by) -> null);

    assertThat(inTheLog).contains(first.range()).doesNotContain(second.range());
    inTheLog.add(second.range());
    assertWhole(inTheLog);
  }

  private static SourceTable table(int blocks) {
    // As many rows to a block as to a chunk.
    Leaf leaf = new Leaf(1, "public", "orders", blocks, 25.0 * blocks, false);
    return new SourceTable(false, "as it is", true, List.of(leaf));
  }

  private interface Cut {
    /** Where a read of a range ends early; null where it does not. */
    @Nullable List<String> place(ChunkRange range, Random random);
  }

  /** Reads piece after piece, some of them in vain; answers those that came into the log. */
  private static List<ChunkRange> readAll(TableTask task, Random random, Cut cut) {
    List<ChunkRange> inTheLog = new ArrayList<>();
    for (int step = 0; task.isReady(LATER); step++) {
      assertThat(step).as("it ends").isLessThan(10_000);
      Piece piece = task.take();
      int outcome = random.nextInt(10);
      if (outcome == 0) {
        task.giveBack(piece.range());
        continue;
      }
      if (outcome == 1 && !piece.byKey() && !piece.withCtid()) {
        task.tooLarge(piece, piece.leaf().blocks() + random.nextInt(5));
        continue;
      }
      boolean mayEndEarly = piece.byKey() || piece.withCtid();
      List<String> place = mayEndEarly ? cut.place(piece.range(), random) : null;
      ChunkRange range = place == null ? piece.range() : task.cut(piece.range(), place);
      task.measured(piece, range, 1 + random.nextInt(60), 1 + random.nextInt(100_000));
      if (outcome == 2) {
        task.readAgain(range);
      } else {
        task.appended(range, 1, 1);
        task.settled();
        inTheLog.add(range);
      }
    }
    return inTheLog;
  }

  private static @Nullable List<String> placeInside(ChunkRange range, Random random) {
    long from = range.from() == null ? 0 : place(range.from());
    long to = range.to() == null ? from + 3_000 : place(range.to());
    return to - from < 2 || random.nextInt(3) > 0
        ? null
        : List.of(text(from + 1 + random.nextInt((int) (to - from - 1))));
  }

  /** The first begins with the table, each next one where the one before ends, the last nowhere. */
  private static void assertWhole(List<ChunkRange> ranges) {
    List<ChunkRange> inOrder = new ArrayList<>(ranges);
    inOrder.sort(
        Comparator.comparingLong(range -> range.from() == null ? -1 : place(range.from())));
    List<String> end = null;
    for (ChunkRange range : inOrder) {
      assertThat(range.from()).as("%s", inOrder).isEqualTo(end);
      end = range.to();
    }
    assertThat(end).as("%s", inOrder).isNull();
  }

  /** A bound as a number: a ctid's block and row, a thousand rows a block, or a key. */
  private static long place(List<String> bound) {
    String text = bound.get(0);
    int comma = text.indexOf(',');
    return comma < 0
        ? Long.parseLong(text)
        : 1_000 * Long.parseLong(text.substring(1, comma))
            + Long.parseLong(text.substring(comma + 1, text.length() - 1));
  }

  private static String text(long place) {
    return "(" + place / 1_000 + "," + place % 1_000 + ")";
  }
}

package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Sink} keeps, whatever its target: run by one {@code …IT} for each technology.
 */
public abstract class SinkContract {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A target of its own on the shared server.
   *
   * @param keyColumns the key of every table that the test puts there
   */
  protected abstract SinkTarget shared(List<String> keyColumns);

  /** A target on a server started for it alone, which the test will kill and freeze. */
  protected abstract SinkTarget alone(List<String> keyColumns);

  /** Whether the sink writes columns one by one, so that it needs a row's schema. */
  protected abstract boolean needsSchemas();

  @Test
  void insertsUpdatesAndDeletesRows() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        assertThat(writer.checkpoint()).isEmpty();
        writer.apply(
            rows.put(key(1), row(1, "one", 10))
                .put(key(2), row(2, "two", 20))
                .put(key(3), row(3, "three", 30))
                .batch());

        writer.apply(rows.put(key(2), row(2, "zwei", 21)).delete(key(3)).delete(key(9)).batch());
      }
      assertRow(target, rows.schema(), key(1), row(1, "one", 10));
      assertRow(target, rows.schema(), key(2), row(2, "zwei", 21));
      assertThat(target.read(rows.schema(), key(3))).isEmpty();
      assertThat(target.count(rows.schema())).isEqualTo(2);
    }
  }

  @Test
  void storesTheCheckpointWithTheRows() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open();
        Sink later = target.open()) {
      sink.prepare(rows.schema());
      FoldedBatch batch = rows.put(key(1), row(1, "one", 10)).batch();
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(batch);
        assertThat(writer.checkpoint()).contains(batch.checkpoint());
      }

      later.prepare(rows.schema());
      try (PartitionWriter writer = later.take(rows.partition())) {
        assertThat(writer.checkpoint()).contains(batch.checkpoint());
      }
    }
  }

  @Test
  void anEmptyBatchMovesTheCheckpointOnly() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(rows.put(key(1), row(1, "one", 10)).batch());
        FoldedBatch empty = rows.batch();
        writer.apply(empty);
        Checkpoint level =
            new Checkpoint(1, rows.partition().topicId(), empty.nextOffset(), 1_800_000_000_000L);
        FoldedBatch standing =
            new FoldedBatch(
                rows.partition(), empty.nextOffset(), empty.nextOffset(), List.of(), level);

        writer.apply(standing);

        assertThat(writer.checkpoint()).contains(level);
      }
      assertThat(target.count(rows.schema())).isEqualTo(1);
    }
  }

  @Test
  void rowsAppliedAgainLeaveTheSameState() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        FoldedBatch first = rows.put(key(1), row(1, "one", 10)).delete(key(2)).batch();
        writer.apply(first);
        FoldedBatch next = rows.batch();

        writer.apply(
            new FoldedBatch(
                next.partition(),
                next.fromOffset(),
                next.nextOffset(),
                first.rows(),
                next.checkpoint()));
      }
      assertRow(target, rows.schema(), key(1), row(1, "one", 10));
      assertThat(target.count(rows.schema())).isEqualTo(1);
    }
  }

  @Test
  void preparingAgainKeepsRowsAndCheckpoint() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open();
        Sink other = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        FoldedBatch batch = rows.put(key(1), row(1, "one", 10)).batch();
        writer.apply(batch);

        other.prepare(rows.schema());
        sink.prepare(rows.schema());

        assertRow(target, rows.schema(), key(1), row(1, "one", 10));
        writer.apply(rows.put(key(1), row(1, "two", 10)).batch());
      }
    }
  }

  @Test
  void aLaterSchemaIsFollowed() {
    TestRows rows = TestRows.withNumberKey();
    List<dev.headwater.log.schema.ColumnSchema> wider = new ArrayList<>(rows.schema().columns());
    wider.add(TestRows.column("colour", "text", "text", true));
    TableSchema second = new TableSchema(rows.schema().table(), 2, wider, rows.schema().key());
    String wideRow = "{\"id\":1,\"name\":\"one\",\"qty\":10,\"colour\":\"red\"}";
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(rows.put(key(1), row(1, "one", 10)).batch());

        sink.prepare(second);
        writer.apply(rows.put(key(1), wideRow, 2).put(key(2), row(2, "two", 20), 1).batch());
      }
      assertRow(target, second, key(1), wideRow);
      assertThat(target.read(second, key(2))).isPresent();
    }
  }

  @Test
  void aRowOfAnUnknownSchemaIsNeverGuessed() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        FoldedBatch batch = rows.put(key(1), row(1, "one", 10), 7).batch();
        if (needsSchemas()) {
          assertFails(() -> writer.apply(batch), FailureCode.INTERNAL);
          assertThat(target.count(rows.schema())).isZero();
        } else {
          writer.apply(batch);
          assertRow(target, rows.schema(), key(1), row(1, "one", 10));
        }
      }
    }
  }

  @Test
  void anOldWriterOverwritesNothingOnceAnotherHasTakenOver() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open();
        Sink other = target.open()) {
      sink.prepare(rows.schema());
      other.prepare(rows.schema());
      PartitionWriter zombie = sink.take(rows.partition());
      FoldedBatch first = rows.put(key(1), row(1, "one", 10)).batch();
      zombie.apply(first);
      PartitionWriter owner = other.take(rows.partition());
      FoldedBatch second = rows.put(key(1), row(1, "two", 20)).batch();

      assertFails(() -> zombie.apply(second), FailureCode.FENCED);

      assertThat(owner.checkpoint()).contains(first.checkpoint());
      assertRow(target, rows.schema(), key(1), row(1, "one", 10));
      owner.apply(second);
      assertRow(target, rows.schema(), key(1), row(1, "two", 20));
      assertFails(() -> zombie.apply(second), FailureCode.FENCED);
    }
  }

  @Test
  void aZombieThatNeverWroteIsFencedToo() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open();
        Sink other = target.open()) {
      sink.prepare(rows.schema());
      other.prepare(rows.schema());
      PartitionWriter zombie = sink.take(rows.partition());
      PartitionWriter owner = other.take(rows.partition());
      FoldedBatch batch = rows.put(key(1), row(1, "one", 10)).batch();

      assertFails(() -> zombie.apply(batch), FailureCode.FENCED);

      assertThat(target.count(rows.schema())).isZero();
      owner.apply(batch);
      assertThat(target.count(rows.schema())).isEqualTo(1);
    }
  }

  @Test
  void aZombieDoesNotRaiseADeletedRow() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open();
        Sink other = target.open()) {
      sink.prepare(rows.schema());
      other.prepare(rows.schema());
      PartitionWriter zombie = sink.take(rows.partition());
      zombie.apply(rows.put(key(1), row(1, "one", 10)).put(key(2), row(2, "two", 20)).batch());
      FoldedBatch stale = rows.put(key(1), row(1, "late", 11)).delete(key(2)).batch();
      PartitionWriter owner = other.take(rows.partition());
      owner.apply(stale);
      owner.apply(rows.delete(key(1)).put(key(2), row(2, "back", 21)).batch());

      assertFails(() -> zombie.apply(stale), FailureCode.FENCED);

      assertThat(target.read(rows.schema(), key(1))).isEmpty();
      assertRow(target, rows.schema(), key(2), row(2, "back", 21));
    }
  }

  /** In the order in which a worker does it: the next is made ready before the one in hand ends. */
  @Test
  void whatIsMadeReadyBeforeItsTurnIsWrittenInItsTurn() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      List<FoldedBatch> batches = new ArrayList<>();
      for (int round = 0; round < 6; round++) {
        for (int id = round * 100; id < round * 100 + 600; id++) {
          rows.put(key(id), row(id, "round " + round, id));
        }
        if (round > 3) {
          rows.delete(key(round));
        }
        batches.add(rows.batch());
      }
      try (PartitionWriter writer = sink.take(rows.partition())) {
        for (int i = 0; i < batches.size(); i++) {
          if (i + 1 < batches.size()) {
            writer.makeReady(batches.get(i + 1).rows());
          }
          writer.apply(batches.get(i));
          assertThat(writer.checkpoint()).contains(batches.get(i).checkpoint());
        }
      }
      assertThat(target.count(rows.schema())).isEqualTo(1_098);
      assertRow(target, rows.schema(), key(0), row(0, "round 0", 0));
      assertRow(target, rows.schema(), key(399), row(399, "round 3", 399));
      assertRow(target, rows.schema(), key(1_099), row(1_099, "round 5", 1_099));
      assertThat(target.read(rows.schema(), key(4))).isEmpty();
    }
  }

  @Test
  void whatIsMadeReadyForNothingLeavesNoTrace() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        for (int id = 1; id <= 3; id++) {
          TestRows others = TestRows.withNumberKey();
          writer.makeReady(others.put(key(id), row(id, "never", 0)).batch().rows());
        }
        writer.apply(rows.put(key(1), row(1, "one", 1)).batch());
      }
      assertThat(target.count(rows.schema())).isEqualTo(1);
      assertRow(target, rows.schema(), key(1), row(1, "one", 1));
    }
  }

  @Test
  void tenThousandRowsGoInOneBatch() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        for (int id = 0; id < 10_000; id++) {
          rows.put(key(id), row(id, "row " + id, id));
        }
        writer.apply(rows.batch());
        for (int id = 0; id < 10_000; id += 2) {
          rows.delete(key(id));
        }
        writer.apply(rows.batch());
      }
      assertThat(target.count(rows.schema())).isEqualTo(5_000);
      assertRow(target, rows.schema(), key(9_999), row(9_999, "row 9999", 9_999));
    }
  }

  @Test
  void oddKeysStayApart() {
    TestRows rows = TestRows.withTextKey();
    List<String[]> keys =
        List.of(
            new String[] {"a b", "c"},
            new String[] {"a", "b c"},
            new String[] {"a:b", "c"},
            new String[] {"a", "b:c"},
            new String[] {"a%3Ab", "c"},
            new String[] {"{}", "{tenant}"},
            new String[] {"", "x"},
            new String[] {"x", ""},
            new String[] {"\uD83D\uDE00", "\u00e9"},
            new String[] {"*", "?/#"},
            new String[] {"quote'", "semi;--"},
            new String[] {"k".repeat(600), "y"},
            new String[] {"k".repeat(600), "z"});
    try (SinkTarget target = shared(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      try (PartitionWriter writer = sink.take(rows.partition())) {
        for (int i = 0; i < keys.size(); i++) {
          rows.put(textKey(keys.get(i)), textRow(keys.get(i), i));
        }
        writer.apply(rows.batch());
        for (int i = 0; i < keys.size(); i++) {
          assertRow(target, rows.schema(), textKey(keys.get(i)), textRow(keys.get(i), i));
        }
        assertThat(target.count(rows.schema())).isEqualTo(keys.size());

        keys.forEach(key -> rows.delete(textKey(key)));
        writer.apply(rows.batch());
        assertThat(target.count(rows.schema())).isZero();
      }
    }
  }

  @Test
  void aKilledTargetComesBackWithRowsAndCheckpointInAgreement() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = alone(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      FoldedBatch first = rows.put(key(1), row(1, "one", 10)).batch();
      writer.apply(first);
      target.server().kill();
      FoldedBatch second = rows.put(key(1), row(1, "two", 20)).batch();
      assertFails(() -> writer.apply(second), FailureCode.TARGET_UNREACHABLE);
      assertFails(() -> sink.take(rows.partition()), FailureCode.TARGET_UNREACHABLE);

      target.server().restart();

      // A target may have lost its last second: then the writer is fenced, and the next one starts
      // from what is there.
      PartitionWriter current = applyOrTakeAgain(sink, writer, second, List.of(first, second));
      assertThat(current.checkpoint()).contains(second.checkpoint());
      assertRow(target, rows.schema(), key(1), row(1, "two", 20));
      assertThat(target.count(rows.schema())).isEqualTo(1);
    }
  }

  @Test
  void aBatchWhoseAnswerWasLostIsRepeatedOnTheSameWriter() {
    TestRows rows = TestRows.withNumberKey();
    try (SinkTarget target = alone(rows.schema().key());
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      writer.apply(rows.put(key(1), row(1, "one", 10)).batch());
      FoldedBatch second = rows.put(key(1), row(1, "two", 20)).batch();
      target.server().suspend();
      assertFails(() -> writer.apply(second), FailureCode.TARGET_UNREACHABLE);
      target.server().resume();

      retry(() -> writer.apply(second));

      assertThat(writer.checkpoint()).contains(second.checkpoint());
      writer.apply(rows.put(key(1), row(1, "three", 30)).batch());
      assertRow(target, rows.schema(), key(1), row(1, "three", 30));
    }
  }

  private static PartitionWriter applyOrTakeAgain(
      Sink sink, PartitionWriter writer, FoldedBatch batch, List<FoldedBatch> all) {
    try {
      retry(() -> writer.apply(batch));
      return writer;
    } catch (HeadwaterException e) {
      assertThat(e.code()).isEqualTo(FailureCode.FENCED);
    }
    PartitionWriter again = sink.take(batch.partition());
    long from = again.checkpoint().map(Checkpoint::nextOffset).orElse(0L);
    all.stream().filter(one -> one.fromOffset() >= from).forEach(again::apply);
    return again;
  }

  /** What the worker does, with shorter pauses: the same again while the target is away. */
  private static void retry(Runnable call) {
    long end = System.nanoTime() + 60_000_000_000L;
    while (true) {
      try {
        call.run();
        return;
      } catch (HeadwaterException e) {
        if (!e.code().isRetriable() || System.nanoTime() > end) {
          throw e;
        }
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Asserts which way a call fails. */
  protected static void assertFails(ThrowingCallable call, FailureCode code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HeadwaterException.class, e -> assertThat(e.code()).as(e.toString()).isEqualTo(code));
  }

  /** Asserts the row found under a key, whatever the order and spacing of its fields. */
  protected static void assertRow(
      SinkTarget target, TableSchema table, String key, String expectedRow) {
    Optional<String> found = target.read(table, key);
    assertThat(found).as("row " + key).isPresent();
    try {
      assertThat(JSON.readTree(found.orElseThrow())).isEqualTo(JSON.readTree(expectedRow));
    } catch (JsonProcessingException e) {
      throw new AssertionError(found.orElseThrow() + " is not JSON", e);
    }
  }

  private static String textKey(String[] key) {
    return JSON.createObjectNode().put("tenant", key[0]).put("code", key[1]).toString();
  }

  private static String textRow(String[] key, int qty) {
    return JSON.createObjectNode()
        .put("tenant", key[0])
        .put("code", key[1])
        .put("qty", qty)
        .toString();
  }
}

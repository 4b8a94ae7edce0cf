package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.schema.TableId;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Batches made ready beside the one in hand: none lost, none twice, all in order. */
@Timeout(30)
class PartitionFeedTest {
  private static final BatchLimit LIMIT = new BatchLimit(10, 1 << 20);
  private static final LogPartition PARTITION =
      new LogPartition(new TableId("shop", "public", "t"), "shop.public.t", "id", 0);

  private final PartitionFeed feed = new PartitionFeed(PARTITION, 1, InstantSource.system());
  private final List<List<FoldedRow>> madeReady = new ArrayList<>();
  private long offset;

  @BeforeEach
  void run() {
    feed.taken(new Writer(), 1);
    feed.started();
  }

  private void read(int records) {
    List<LogRecord> read = new ArrayList<>();
    for (int i = 0; i < records; i++) {
      ConsumerRecord<byte[], byte[]> record =
          new ConsumerRecord<>(
              PARTITION.topic(), 0, offset, ("k" + offset).getBytes(UTF_8), "{}".getBytes(UTF_8));
      record.headers().add("seq", Long.toString(offset).getBytes(UTF_8));
      offset++;
      read.add(new LogRecord(record));
    }
    feed.offer(new PartitionBatch(PARTITION, read, offset));
  }

  private void makeNext() {
    feed.makeNext(LIMIT, (writer, rows) -> madeReady.add(rows));
  }

  @Test
  void theBatchMadeReadyIsTheNextOne() {
    read(35);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    assertThat(feed.asksForNext(LIMIT)).as("once").isFalse();
    makeNext();
    assertThat(feed.progress().lagRecords()).isEqualTo(35);
    feed.applied(first);

    FoldedBatch second = feed.batch(LIMIT);

    assertThat(second.rows()).isSameAs(madeReady.get(0));
    assertThat(second.fromOffset()).isEqualTo(10);
    assertThat(second.nextOffset()).isEqualTo(20);
    assertThat(second.rows()).first().extracting(FoldedRow::offset).isEqualTo(10L);
    feed.applied(second);
    FoldedBatch third = feed.batch(LIMIT);
    assertThat(third.rows()).hasSize(10);
    feed.applied(third);
    assertThat(feed.batch(LIMIT).nextOffset()).isEqualTo(35);
  }

  @Test
  void aBatchThatFailedComesAgainBeforeTheOneMadeReady() {
    read(30);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    makeNext();
    feed.retryAfter(0);

    assertThat(feed.batch(LIMIT)).isSameAs(first);
  }

  @Test
  void nothingIsMadeReadyOfLessThanABatchOrAfterTheBatchInHand() {
    read(15);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isFalse();
    read(10);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    feed.applied(first);
    makeNext();
    assertThat(madeReady).isEmpty();

    assertThat(feed.batch(LIMIT).nextOffset()).isEqualTo(20);
    assertThat(feed.asksForNext(LIMIT)).as("5 are left").isFalse();
  }

  @Test
  void aSweepIsToldOfABatchThatWasMadeReadyBeforeItBegan() {
    read(30);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    makeNext();
    Sweep sweep = sweep();
    feed.beginSweep(sweep);
    feed.applied(first);

    FoldedBatch second = feed.batch(LIMIT);

    assertThat(sweep.untouched(second.rows(), second.nextOffset())).isEmpty();
    assertThat(sweep.untouched(first.rows(), first.nextOffset())).hasSize(10);
  }

  @Test
  void whatMayHaveMissedDeletesSaysSoInItsCheckpointUntilItIsSwept() {
    read(10);
    FoldedBatch first = feed.batch(LIMIT);
    feed.applied(first);
    CheckpointRule rule =
        new CheckpointRule("cache", 1, true, new Forgetful(), InstantSource.system());
    feed.compareWithEnd(10, 30, rule.now(), rule);
    read(10);
    FoldedBatch second = feed.batch(LIMIT);
    feed.applied(second);

    assertThat(first.checkpoint().isSwept()).isTrue();
    assertThat(second.checkpoint().isSwept()).isFalse();
    Sweep sweep = sweep();
    feed.beginSweep(sweep);
    feed.endSweep(sweep, true);
    assertThat(feed.batch(LIMIT).checkpoint().isSwept()).isTrue();
  }

  @Test
  void aTargetThatLostABatchOfASweepIsToldApartFromOneThatDidNot() {
    feed.fenced(0);
    feed.taken(new Writer(), Checkpoint.UNSWEPT);
    feed.started();
    Sweep sweep = sweep();
    feed.beginSweep(sweep);
    FoldedRow ghost = new FoldedRow("k".getBytes(UTF_8), null, 1, 0, 1, Optional.empty(), 0);
    List<Checkpoint> stored = new ArrayList<>();
    CompletableFuture<Void> sweeping =
        CompletableFuture.runAsync(
            () -> {
              feed.applyBeside(sweep, List.of(ghost), () -> true);
              feed.applyBeside(sweep, List.of(ghost), () -> true);
            });
    while (!sweeping.isDone()) {
      if (feed.claim()) {
        FoldedBatch batch = feed.batch(LIMIT);
        stored.add(batch.checkpoint());
        feed.applied(batch);
        feed.release();
      }
      Thread.onSpinWait();
    }

    assertThat(stored).doesNotHaveDuplicates().noneMatch(Checkpoint::isSwept).hasSize(2);
    assertThat(stored).extracting(Checkpoint::nextOffset).containsOnly(0L);
  }

  /** One that is only told of rows asks no log. */
  @SuppressWarnings("NullAway")
  private Sweep sweep() {
    return new Sweep(null, feed, false);
  }

  @Test
  void whatWasMadeReadyForAWriterThatIsFencedIsReadAgain() {
    read(30);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    makeNext();
    feed.applied(first);
    feed.fenced(0);
    feed.taken(new Writer(), 1);
    feed.started();
    offset = 0;
    read(5);

    assertThat(feed.batch(LIMIT).nextOffset()).isEqualTo(5);
  }

  @Test
  void theBatchIsWaitedForWhileItIsMadeReady() throws Exception {
    read(30);
    FoldedBatch first = feed.batch(LIMIT);
    assertThat(feed.asksForNext(LIMIT)).isTrue();
    CountDownLatch making = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Thread maker =
        new Thread(
            () ->
                feed.makeNext(
                    LIMIT,
                    (writer, rows) -> {
                      making.countDown();
                      await(goOn);
                      madeReady.add(rows);
                    }));
    maker.start();
    assertThat(making.await(10, TimeUnit.SECONDS)).isTrue();
    feed.applied(first);
    assertThat(feed.claim()).isTrue();
    Thread later =
        new Thread(
            () -> {
              pause();
              goOn.countDown();
            });
    later.start();

    FoldedBatch second = feed.batch(LIMIT);

    assertThat(madeReady).hasSize(1);
    assertThat(second.rows()).isSameAs(madeReady.get(0));
    maker.join();
    later.join();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A log whose deletes stay for ten seconds: less than since the feed was level last. */
  private static final class Forgetful implements LogView {
    @Override
    public long committedEnd(LogPartition partition) {
      return 30;
    }

    @Override
    public long deleteRetentionMs(LogPartition partition) {
      return 10_000;
    }

    @Override
    public boolean read(
        LogPartition partition, long end, BooleanSupplier goesOn, Predicate<LogRecord> receiver) {
      throw new UnsupportedOperationException("not in this test");
    }
  }

  /** A writer that begins at the beginning; nothing is applied here. */
  private static final class Writer implements PartitionWriter {
    @Override
    public LogPartition partition() {
      return PARTITION;
    }

    @Override
    public boolean isAtomic() {
      return true;
    }

    @Override
    public Optional<Checkpoint> checkpoint() {
      return Optional.empty();
    }

    @Override
    public void apply(FoldedBatch batch, Refusals refusals) {
      throw new UnsupportedOperationException("not in this test");
    }

    @Override
    public void close() {}
  }
}

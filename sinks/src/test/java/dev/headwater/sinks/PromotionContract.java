package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.replay.LogPartition;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a switch looks at inside itself, whatever its caller has found out before: that the
 * generation is past the offsets given, swept, and not behind the one that serves.
 */
@Timeout(60)
public abstract class PromotionContract {
  private static final long SWEPT = 1_700_000_000_000L;

  private final TestRows rows = TestRows.withNumberKey();
  private final LogPartition partition = rows.partition();
  private Generations generations;
  private Sink serving;
  private Sink second;
  private PartitionWriter ofServing;
  private PartitionWriter ofSecond;

  /** Generations of a sink of its own, of every table. */
  protected abstract SinkConfig config();

  /** Takes away what the test has left; the generations are closed by then. */
  protected void cleanUp() {}

  @BeforeEach
  void begin() {
    SinkConfig config = config();
    generations = Sinks.generations(config);
    String definition = SinkDefinition.text(config);
    serving =
        generations.open(generations.begin("first", definition, false).serving().orElseThrow());
    serving.prepare(rows.schema());
    ofServing = serving.take(partition);
    ofServing.apply(batch(1, 0, 10, SWEPT));
    second =
        generations.open(generations.begin("second", definition, false).building().orElseThrow());
    second.prepare(rows.schema());
    ofSecond = second.take(partition);
  }

  @AfterEach
  void close() {
    serving.close();
    second.close();
    generations.close();
    cleanUp();
  }

  private FoldedBatch batch(int generation, long from, long next, long levelAtMs) {
    FoldedRow whole = rows.put(key(next), row(next, "row", 1)).batch().rows().get(0);
    FoldedRow at =
        new FoldedRow(
            whole.key(), whole.value(), next, from, whole.schemaVersion(), whole.nulls(), SWEPT);
    return new FoldedBatch(
        partition,
        from,
        next,
        List.of(at),
        new Checkpoint(generation, partition.topicId(), next, levelAtMs));
  }

  private Promotion promote(long atLeast) {
    generations.finish(2);
    Promotion tried = promoteOnce(atLeast);
    return tried.isHeld() ? promoteOnce(atLeast) : tried;
  }

  /** One call, with offsets as they were taken before it. */
  protected Promotion promoteOnce(long atLeast) {
    return generations.promote(2, "switch", Map.of(partition, atLeast));
  }

  /** Brings the second generation to where the first one is. */
  protected void level() {
    ofSecond.apply(batch(2, 0, 10, SWEPT));
    generations.finish(2);
  }

  protected int servingNumber() {
    return generations.read().serving().orElseThrow().number();
  }

  private void assertNotSwitched(long atLeast) {
    for (int attempt = 0; attempt < 3; attempt++) {
      Promotion tried = promote(atLeast);
      assertThat(tried.isDone()).isFalse();
      assertThat(tried.waitsFor()).isNotEmpty();
    }
    assertThat(servingNumber()).isEqualTo(1);
  }

  private void assertSwitched(long atLeast) throws InterruptedException {
    for (int attempt = 0; attempt < 40 && !promote(atLeast).isDone(); attempt++) {
      Thread.sleep(100);
    }
    assertThat(servingNumber()).isEqualTo(2);
    assertThat(generations.read().lastRequest()).isEqualTo("switch");
  }

  @Test
  void oneThatHoldsNothingIsNotSwitchedTo() {
    assertNotSwitched(10);
  }

  @Test
  void oneThatIsBehindTheOffsetsAskedForIsNotSwitchedTo() throws Exception {
    ofSecond.apply(batch(2, 0, 12, SWEPT));
    assertNotSwitched(15);

    assertSwitched(12);
  }

  @Test
  void oneThatIsNotSweptIsNotSwitchedTo() throws Exception {
    ofSecond.apply(batch(2, 0, 10, Checkpoint.UNSWEPT));
    assertNotSwitched(10);

    ofSecond.apply(batch(2, 10, 11, SWEPT));
    assertSwitched(10);
  }

  @Test
  void oneThatIsBehindTheOneThatServesIsNotSwitchedTo() throws Exception {
    ofSecond.apply(batch(2, 0, 9, SWEPT));
    assertNotSwitched(5);

    ofSecond.apply(batch(2, 9, 10, SWEPT));
    assertSwitched(5);
  }
}

package dev.headwater.sinks;

import static dev.headwater.sinks.TestRows.key;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Progress;
import dev.headwater.sinks.verify.Report;
import dev.headwater.sinks.verify.Verification;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rows that a real target refuses: what every sink does about them. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class ParkingContract {
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();
  private static final AtomicInteger NAMES = new AtomicInteger();

  protected final String name =
      "parking-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
  private final TestRows table = table();
  private final LogConnection connection = TestLog.connect(BROKERS, Duration.ofDays(7));
  private TestLog log;
  private DeadLetters letters;
  private RunningSink sink;

  /** Columns {@code id} (the key), {@code name}, {@code note} and {@code qty}. */
  protected abstract TestRows table();

  /** A sink of that table only, whose new generations are made beside the serving one. */
  protected abstract SinkConfig config(TestRows table);

  /** A name that this target refuses in every generation, whatever is done. */
  protected abstract String refusedName();

  /** A note that is refused between {@link #spoil} and {@link #mend}. */
  protected abstract String refusedNote();

  /** Has the serving generation refuse that note. */
  protected abstract void spoil();

  /** Undoes it. */
  protected abstract void mend();

  /** The rows a reader finds, {@code qty} by {@code id}. */
  protected abstract Map<Long, Integer> rows();

  /** Whether a thousand refused rows are no trouble to make. */
  protected boolean refusesCheaply() {
    return true;
  }

  /** The name of any good row. */
  protected static final String NAME = "true";

  private String row(long id, String ofName, String note, int qty) {
    return "{\"id\":%d,\"name\":\"%s\",\"note\":\"%s\",\"qty\":%d}"
        .formatted(id, ofName, note, qty);
  }

  private String good(long id, int qty) {
    return row(id, NAME, "fine", qty);
  }

  private String refused(long id, int qty) {
    return row(id, refusedName(), "fine", qty);
  }

  private String spoilt(long id, int qty) {
    return row(id, NAME, refusedNote(), qty);
  }

  @BeforeEach
  void open() {
    log = new TestLog(BROKERS, table, 1);
    letters = DeadLetters.open(connection, name);
    sink = new RunningSink(config(table), BROKERS, Duration.ofMillis(200));
  }

  @AfterEach
  void close() {
    sink.close();
    letters.close();
    log.close();
    connection.close();
  }

  @Test
  void aRefusedRowIsParkedWithItsReasonAndTheOthersGoOn() throws Exception {
    Map<Long, Integer> expected = new TreeMap<>();
    for (long id = 1; id <= 300; id++) {
      boolean isBad = id == 7 || id == 211;
      log.put(key(id), isBad ? refused(id, 1) : good(id, 1));
      if (!isBad) {
        expected.put(id, 1);
      }
    }
    log.commit();

    sink.await(() -> rows().equals(expected) && parked().size() == 2);

    List<DeadLetter> whole = DeadLetters.read(connection, name, letter -> true);
    assertThat(whole)
        .extracting(letter -> new String(letter.key(), UTF_8))
        .containsExactly(key(7), key(211));
    DeadLetter seven = whole.get(0);
    assertThat(new String(seven.value().orElseThrow(), UTF_8)).isEqualTo(refused(7, 1));
    assertThat(seven.reason()).isNotBlank().doesNotContain(refusedName());
    assertThat(seven.generation()).isEqualTo(1);
    assertThat(seven.partition().table()).isEqualTo(table.schema().table());
    sink.await(() -> sink.status().parked() == 2);

    // A new process goes on behind it, and does not meet it again.
    restart();
    log.put(key(301), good(301, 1)).commit();
    expected.put(301L, 1);
    sink.await(() -> rows().equals(expected) && sink.status().parked() == 2);
    assertThat(parked())
        .extracting(DeadLetter::seq)
        .containsExactly(seven.seq(), whole.get(1).seq());
  }

  @Test
  void theNextChangeOfAKeyReplacesWhatIsParked() throws Exception {
    for (long id = 1; id <= 4; id++) {
      log.put(key(id), good(id, 1));
    }
    log.commit();
    sink.await(() -> rows().size() == 4);
    for (long id = 1; id <= 3; id++) {
      log.put(key(id), refused(id, 2));
    }
    log.commit();
    sink.await(() -> parked().size() == 3);
    assertThat(rows()).isEqualTo(Map.of(1L, 1, 2L, 1, 3L, 1, 4L, 1));
    List<Long> before = parked().stream().map(DeadLetter::seq).toList();
    restart();

    log.put(key(1), good(1, 3)).delete(key(2)).put(key(3), refused(3, 3)).commit();

    sink.await(() -> rows().equals(Map.of(1L, 3, 3L, 1, 4L, 1)) && parked().size() == 1);
    DeadLetter newer = parked().get(0);
    assertThat(new String(newer.key(), UTF_8)).isEqualTo(key(3));
    assertThat(newer.seq()).isGreaterThan(before.get(2));
  }

  @Test
  void aRetryWritesWhatTheLogHasLastOnceTheTargetIsMended() throws Exception {
    log.put(key(1), good(1, 1)).put(key(2), good(2, 1)).commit();
    sink.await(() -> rows().size() == 2);
    spoil();
    log.put(key(1), spoilt(1, 2)).put(key(2), spoilt(2, 2)).put(key(3), good(3, 2)).commit();
    sink.await(() -> rows().equals(Map.of(1L, 1, 2L, 1, 3L, 2)) && parked().size() == 2);

    Retry.Outcome still = retry();

    assertThat(still.refused()).hasSize(2);
    assertThat(still.healed()).isEmpty();
    assertThat(parked()).hasSize(2);
    DeadLetter old = parked().get(0);
    mend();
    log.put(key(1), good(1, 5)).commit();
    sink.await(() -> rows().get(1L) == 5 && parked().size() == 1);
    // As an owner that slept through all of this might write it now.
    letters.park(List.of(old));

    Retry.Outcome mended = retry();

    assertThat(mended.healed()).hasSize(2);
    assertThat(mended.refused()).isEmpty();
    assertThat(rows()).isEqualTo(Map.of(1L, 5, 2L, 2, 3L, 2));
    assertThat(parked()).isEmpty();
    log.put(key(2), good(2, 9)).commit();
    sink.await(() -> rows().get(2L) == 9 && sink.status().parked() == 0);
  }

  @Test
  void verifyTellsParkedRowsFromThoseThatAreMissing() throws Exception {
    for (long id = 1; id <= 20; id++) {
      log.put(key(id), id == 7 || id == 8 ? refused(id, 1) : good(id, 1));
    }
    log.commit();
    sink.await(() -> rows().size() == 18 && parked().size() == 2);
    letters.forget(parked().subList(1, 2));

    Report report = verify();

    assertThat(report.count(Kind.PARKED)).isEqualTo(1);
    assertThat(report.count(Kind.MISSING)).as("the one that was discarded").isEqualTo(1);
    assertThat(report.isEqual()).isFalse();
    restart();
    log.put(key(21), good(21, 1)).commit();
    sink.await(() -> rows().size() == 19);
    assertThat(parked()).as("what is discarded does not come back").hasSize(1);
  }

  @Test
  void aGenerationWithParkedRowsIsNotSwitchedToUnlessThatIsAccepted() throws Exception {
    log.put(key(1), good(1, 1)).put(key(2), refused(2, 1)).put(key(3), refused(3, 1)).commit();
    sink.await(() -> rows().size() == 1 && sink.status().parked() == 2);

    sink.wish(SinkWish.Action.REBUILD, false);
    sink.await(() -> phase() == RebuildProgress.Phase.PARKED);
    assertThat(sink.status().rebuild().orElseThrow().detail())
        .contains("generation 2 lacks 2 rows", "headwater dlq list " + name, "--accept-parked");
    assertThat(parked()).extracting(DeadLetter::generation).containsExactly(1, 1, 2, 2);
    log.put(key(2), good(2, 2)).commit();
    sink.await(() -> parked().size() == 2 && rows().equals(Map.of(1L, 1, 2L, 2)));
    assertThat(sink.status().generation()).isEqualTo(1);
    assertThat(phase()).isEqualTo(RebuildProgress.Phase.PARKED);
    sink.wishAcceptingParked(
        sink.status().rebuild().orElseThrow().request(), SinkWish.Action.REBUILD);

    sink.await(() -> sink.status().generation() == 2 && rows().equals(Map.of(1L, 1, 2L, 2)));

    // What the generation had that is gone is gone with it.
    sink.await(() -> parked().size() == 1);
    assertThat(parked().get(0).generation()).isEqualTo(2);
    sink.await(() -> sink.status().parked() == 1);
    log.put(key(3), good(3, 3)).commit();
    sink.await(() -> rows().size() == 3 && parked().isEmpty());
  }

  @Test
  void aCheckpointPassesARefusedRowOnlyOnceItIsKept() throws Exception {
    sink.close();
    log.put(key(1), good(1, 1)).put(key(2), refused(2, 1)).put(key(3), good(3, 1)).commit();
    LogPartition partition =
        LogPartitions.of(connection, new SchemaStore(connection), table.schema().table()::equals)
            .values()
            .iterator()
            .next()
            .get(0);
    FoldedBatch batch = batch(partition);
    try (Sink first = new FirstGeneration(config(table))) {
      first.prepare(table.schema());
      PartitionWriter writer = first.take(partition);

      // The log is away at that very moment; then the process dies right behind the log's answer.
      assertThatThrownBy(() -> writer.apply(batch, (p, some, taken) -> away()))
          .isInstanceOf(HeadwaterException.class);
      assertThat(first.take(partition).checkpoint()).isEmpty();
      PartitionWriter again = first.take(partition);
      assertThatThrownBy(
              () ->
                  again.apply(
                      batch,
                      (p, some, taken) -> {
                        letters.park(some.stream().map(r -> DeadLetter.of(1, p, r)).toList());
                        away();
                      }))
          .isInstanceOf(HeadwaterException.class);
      assertThat(first.take(partition).checkpoint()).isEmpty();
    }
    assertThat(parked()).hasSize(1);

    sink = new RunningSink(config(table), BROKERS, Duration.ofMillis(200));

    sink.await(() -> rows().size() == 2 && sink.status().feeding().lagRecords() == 0);
    assertThat(parked()).as("parked again, under the same name").hasSize(1);
  }

  @Test
  void aTargetThatRefusesEverythingIsWaitedFor() throws Exception {
    if (!refusesCheaply()) {
      return;
    }
    int many = 3 * Refusals.MOST_IN_A_ROW;
    log.put(key(0), good(0, 1)).commit();
    sink.await(() -> rows().size() == 1);
    spoil();
    for (long id = 1; id <= many; id++) {
      log.put(key(id), spoilt(id, 1));
    }
    log.commit();

    sink.await(() -> sink.status().feeding().detail().contains("one row of"));

    assertThat(sink.status().feeding().state()).isEqualTo(SinkProgress.State.RETRYING);
    assertThat(parked()).hasSizeLessThanOrEqualTo(Refusals.MOST_IN_A_ROW);
    mend();
    sink.await(() -> sink.status().feeding().lagRecords() == 0);
    Retry.Outcome rest = retry();
    assertThat(rest.refused()).isEmpty();
    assertThat(rows()).hasSize(many + 1);
    assertThat(parked()).isEmpty();
  }

  /** Commits a good row. */
  protected void put(long id, int qty) {
    log.put(key(id), good(id, qty)).commit();
  }

  /** The sink's process. */
  protected RunningSink sink() {
    return sink;
  }

  private FoldedBatch batch(LogPartition partition) {
    long end = LogPartitions.committedEnd(connection, partition);
    Checkpoint checkpoint = new Checkpoint(1, partition.topicId(), end, System.currentTimeMillis());
    List<FoldedRow> folded =
        List.of(folded(1, good(1, 1), 1), folded(2, refused(2, 1), 2), folded(3, good(3, 1), 3));
    return new FoldedBatch(partition, 0, end, folded, checkpoint);
  }

  private FoldedRow folded(long id, String row, long seq) {
    return new FoldedRow(
        key(id).getBytes(UTF_8),
        row.getBytes(UTF_8),
        seq,
        seq - 1,
        table.schema().version(),
        Optional.empty(),
        1_700_000_000_000L);
  }

  private static void away() {
    throw new HeadwaterException(FailureCode.LOG_UNREACHABLE, "log – away", "It comes back.");
  }

  private RebuildProgress.Phase phase() {
    return sink.status()
        .rebuild()
        .map(RebuildProgress::phase)
        .orElse(RebuildProgress.Phase.LOADING);
  }

  /** What is parked by now. */
  protected List<DeadLetter> parked() {
    letters.refresh();
    return letters.all();
  }

  private Retry.Outcome retry() {
    try (Generations generations = Sinks.generations(config(table))) {
      return new Retry(generations, connection, letters).run(parked());
    }
  }

  private void restart() {
    sink.close();
    sink = new RunningSink(config(table), BROKERS, Duration.ofMillis(200));
  }

  private Report verify() {
    try (Generations generations = Sinks.generations(config(table));
        Sink serving = generations.open(generations.read().serving().orElseThrow());
        ReadBack place = serving.readBack()) {
      return new Verification(
              name,
              place,
              connection,
              table.schema().table()::equals,
              Verification.Options.comparing(10)
                  .apart((ofTable, key) -> letters.isParked(1, ofTable, key)),
              Progress.NONE)
          .run();
    }
  }
}

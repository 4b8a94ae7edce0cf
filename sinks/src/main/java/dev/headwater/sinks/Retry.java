package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableSchema;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes parked rows once more, after somebody has mended the target.
 *
 * <p>It takes each partition over, as a worker does, so there is one writer at every moment; a
 * running worker takes it back a second later. What is written is not the letter but the key's last
 * record below the checkpoint found behind that fence, read from the log: so a row cannot go
 * backward, whatever has become of it since it was parked.
 *
 * <p>Single-use, on one thread.
 */
public final class Retry {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int ROWS_PER_STEP = 1_000;
  private static final int ATTEMPTS = 20;
  private static final long PAUSE_MS = 1_500;

  private final Generations generations;
  private final LogConnection log;
  private final DeadLetters letters;
  private final SchemaStore schemas;
  private final List<DeadLetter> healed = new ArrayList<>();
  private final List<DeadLetter> refused = new ArrayList<>();
  private final List<DeadLetter> waiting = new ArrayList<>();

  /**
   * What became of the letters.
   *
   * @param healed in the target now, and parked no more
   * @param refused refused again, with the reason of this time
   * @param waiting left alone, for a newer record of the key is on its way to the target, or the
   *     generation holds nothing of the partition
   */
  public record Outcome(
      List<DeadLetter> healed, List<DeadLetter> refused, List<DeadLetter> waiting) {}

  public Retry(Generations generations, LogConnection log, DeadLetters letters) {
    this.generations = generations;
    this.log = log;
    this.letters = letters;
    this.schemas = new SchemaStore(log);
  }

  /**
   * Tries letters again, of whatever generations there are.
   *
   * @throws HeadwaterException as target and log fail; what was done by then stays done
   */
  public Outcome run(List<DeadLetter> chosen) {
    for (Generation generation : generations.read().all()) {
      List<DeadLetter> own =
          chosen.stream().filter(l -> l.generation() == generation.number()).toList();
      if (!own.isEmpty() && generation.state() != Generation.State.DROPPING) {
        try (Sink sink = generations.open(generation)) {
          own.stream()
              .collect(Collectors.groupingBy(DeadLetter::partition))
              .forEach((partition, some) -> retry(sink, partition, some));
        }
      }
    }
    return new Outcome(List.copyOf(healed), List.copyOf(refused), List.copyOf(waiting));
  }

  private void retry(Sink sink, LogPartition partition, List<DeadLetter> all) {
    for (int from = 0; from < all.size(); from += ROWS_PER_STEP) {
      List<DeadLetter> step = all.subList(from, Math.min(all.size(), from + ROWS_PER_STEP));
      for (int attempt = 1; !once(sink, partition, step, attempt); attempt++) {
        pause();
      }
    }
  }

  /** Whether it is done; false if a worker was in between, or something was away for a moment. */
  private boolean once(Sink sink, LogPartition partition, List<DeadLetter> step, int attempt) {
    try {
      prepare(sink, partition, 0);
      Records last = new Records(partition, step);
      // Most of the reading is done while the worker goes on.
      try (ReadBack place = sink.readBack()) {
        place.learn(schema(partition, 0));
        last.readTo(place.look(partition, List.of()).fromOffset().orElse(0));
      }
      try (PartitionWriter writer = sink.take(partition)) {
        Optional<Checkpoint> at = writer.checkpoint();
        if (at.isEmpty() || !at.get().topicId().equals(partition.topicId())) {
          waiting.addAll(step);
          return true;
        }
        last.readTo(at.get().nextOffset());
        write(sink, writer, step, last);
      }
      return true;
    } catch (HeadwaterException e) {
      boolean isPassing = e.code() == FailureCode.FENCED || e.code().isRetriable();
      if (!isPassing || attempt == ATTEMPTS) {
        throw e;
      }
      return false;
    }
  }

  private void write(Sink sink, PartitionWriter writer, List<DeadLetter> step, Records last) {
    List<FoldedRow> rows = new ArrayList<>();
    Map<ByteBuffer, List<DeadLetter>> byKey = new LinkedHashMap<>();
    List<DeadLetter> left = new ArrayList<>();
    for (DeadLetter letter : step) {
      ByteBuffer key = ByteBuffer.wrap(letter.key());
      Optional<FoldedRow> row = last.of(letter);
      if (row.isEmpty()) {
        left.add(letter);
      } else {
        if (!byKey.containsKey(key)) {
          rows.add(row.get());
          prepare(sink, writer.partition(), row.get().schemaVersion());
        }
        byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(letter);
      }
    }
    Map<ByteBuffer, Refusal> again = new HashMap<>();
    if (!rows.isEmpty()) {
      writer.repair(
          rows,
          (partition, some, taken) -> {
            some.forEach(each -> again.put(ByteBuffer.wrap(each.row().key()), each));
            letters.park(
                some.stream().map(r -> DeadLetter.of(sink.generation(), partition, r)).toList());
          });
    }
    List<DeadLetter> over = new ArrayList<>();
    byKey.forEach(
        (key, ofKey) -> {
          Refusal refusal = again.get(key);
          if (refusal == null) {
            over.addAll(ofKey);
            healed.addAll(ofKey);
            return;
          }
          ofKey.stream().filter(l -> l.seq() != refusal.row().seq()).forEach(over::add);
          refused.add(DeadLetter.of(sink.generation(), writer.partition(), refusal));
        });
    letters.forget(over);
    waiting.addAll(left);
  }

  /** A sink writes rows of schemas it was told of. */
  private void prepare(Sink sink, LogPartition partition, int version) {
    sink.prepare(schema(partition, version));
  }

  /** A version of the table's schema; 0 stands for the newest. */
  private TableSchema schema(LogPartition partition, int version) {
    Optional<TableSchema> schema =
        version == 0
            ? Optional.ofNullable(schemas.latest().get(partition.table()))
            : schemas.find(partition.table(), version);
    return schema.orElseThrow(
        () ->
            new HeadwaterException(
                FailureCode.LOG_NOT_READY,
                "table '%s' – the log has no version %d of its schema"
                    .formatted(partition.table(), version),
                "Its record in __headwater.schemas is gone: load the table again."));
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          "interrupted while parked rows were tried again",
          "What was not done yet is still parked.",
          e);
    }
  }

  /** The last record of each key of a step, read from the oldest letter on. */
  private final class Records {
    private final LogPartition partition;
    private final Map<ByteBuffer, FoldedRow> last = new HashMap<>();
    private final Set<ByteBuffer> wanted = new HashSet<>();
    private long from;

    Records(LogPartition partition, List<DeadLetter> step) {
      this.partition = partition;
      this.from = step.stream().mapToLong(DeadLetter::offset).min().orElse(0);
      step.forEach(letter -> wanted.add(ByteBuffer.wrap(letter.key())));
    }

    void readTo(long end) {
      if (from >= end) {
        return;
      }
      try (ReplayReader reader =
          ReplayReader.open(log, List.of(partition), Map.of(partition, from))) {
        while (reader.positions().get(partition) < end) {
          for (PartitionBatch batch : reader.poll(POLL)) {
            for (LogRecord record : batch.records()) {
              ByteBuffer key = ByteBuffer.wrap(record.key());
              if (record.offset() < end && wanted.contains(key)) {
                last.put(key, FoldedRow.of(record));
              }
            }
          }
        }
      }
      from = end;
    }

    /**
     * What is to be written for a letter. A delete may have gone from the log by age; anything else
     * goes only when a later record of its key is there, which is then still to come.
     */
    Optional<FoldedRow> of(DeadLetter letter) {
      FoldedRow found = last.get(ByteBuffer.wrap(letter.key()));
      if (found == null && letter.isDelete()) {
        return Optional.of(
            new FoldedRow(
                letter.key(),
                null,
                letter.seq(),
                letter.offset(),
                letter.schemaVersion(),
                Optional.empty(),
                letter.parkedAtMs()));
      }
      return Optional.ofNullable(found);
    }
  }
}

package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.KeyHash;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies batches for one worker, and parks what the target refuses, so that one row holds up
 * nothing else.
 *
 * <p><b>Nothing is lost.</b> A refused row is in the log's dead letters before the checkpoint
 * passes it. Cut in between, the batch is read again, refused again, and parked under the same
 * name.
 *
 * <p><b>Newer replaces older.</b> Every record is a whole row, so a parked row waits for nothing:
 * its key's next record is applied like any other, and is either taken or parked instead. The older
 * letter goes before the newer record is applied, and that is safe at any moment and for any
 * generation: a generation that has passed the newer record has taken or parked it, and one that
 * has not will meet it. So a letter does not outlive the record that replaced it. Only an owner
 * that sleeps between its target's answer and the log's may still park a row that its successor has
 * dealt with: such a letter goes with the row's next change, or with a {@link Retry}, which never
 * writes what was parked but what the log has last.
 *
 * <p><b>An outage is no bad row.</b> What is no matter of one row is never a {@link Refusal}; and
 * where a table's rows are refused one after the other, with none taken between them, or very many
 * are parked, the worker waits instead, says so, and tries the same again.
 *
 * <p>Called by the worker's pool, by several threads.
 */
final class Parking {
  private static final Logger LOG = LoggerFactory.getLogger(Parking.class);

  /** More than somebody could look through; by then it is the sink that needs somebody. */
  static final int MOST = 10_000;

  private final String sink;
  private final int generation;
  private final DeadLetters letters;
  private final Map<TableId, Set<KeyHash>> inARow = new ConcurrentHashMap<>();

  Parking(String sink, int generation, DeadLetters letters) {
    this.sink = sink;
    this.generation = generation;
    this.letters = letters;
  }

  /** Learns what the owners before have parked; behind the fence. */
  void refresh() {
    letters.refresh();
  }

  /**
   * Applies a batch.
   *
   * @return how many rows the target took
   */
  int apply(PartitionWriter writer, FoldedBatch batch) {
    Map<ByteBuffer, List<DeadLetter>> parked = parkedIn(batch.partition());
    if (!parked.isEmpty()) {
      forget(batch, parked, false, Set.of());
    }
    Set<ByteBuffer> refusedKeys = new HashSet<>();
    writer.apply(
        batch,
        (partition, refused, taken) -> {
          keep(partition, refused, taken);
          refused.forEach(each -> refusedKeys.add(ByteBuffer.wrap(each.row().key())));
        });
    int taken = batch.rows().size() - refusedKeys.size();
    if (taken > refusedKeys.size()) {
      inARow.remove(batch.partition().table());
    }
    if (!parked.isEmpty()) {
      forget(batch, parked, true, refusedKeys);
    }
    return taken;
  }

  private Map<ByteBuffer, List<DeadLetter>> parkedIn(LogPartition partition) {
    if (letters.isEmpty()) {
      return Map.of();
    }
    Map<ByteBuffer, List<DeadLetter>> parked = new HashMap<>();
    for (DeadLetter letter : letters.all()) {
      if (letter.partition().topic().equals(partition.topic())
          && letter.partition().partition() == partition.partition()) {
        parked.computeIfAbsent(ByteBuffer.wrap(letter.key()), key -> new ArrayList<>()).add(letter);
      }
    }
    return parked;
  }

  /**
   * Takes away letters of the batch's rows.
   *
   * @param isApplied false before it is applied: then those of older records, of any generation;
   *     true afterwards: then those of this generation whose very record was taken this time
   */
  private void forget(
      FoldedBatch batch,
      Map<ByteBuffer, List<DeadLetter>> parked,
      boolean isApplied,
      Set<ByteBuffer> refusedKeys) {
    List<DeadLetter> over = new ArrayList<>();
    for (FoldedRow row : batch.rows()) {
      ByteBuffer key = ByteBuffer.wrap(row.key());
      for (DeadLetter letter : parked.getOrDefault(key, List.of())) {
        boolean isOver =
            isApplied
                ? letter.seq() == row.seq()
                    && letter.generation() == generation
                    && !refusedKeys.contains(key)
                : letter.seq() < row.seq();
        if (isOver) {
          over.add(letter);
        }
      }
    }
    letters.forget(over);
  }

  private synchronized void keep(LogPartition partition, List<Refusal> refused, int taken) {
    Set<KeyHash> keys = inARow.computeIfAbsent(partition.table(), t -> new HashSet<>());
    if (taken >= refused.size()) {
      keys.clear();
    } else {
      refused.forEach(each -> keys.add(KeyHash.of(each.row().key())));
    }
    if (keys.size() > Refusals.MOST_IN_A_ROW) {
      throw held(
          "its target refuses one row of %s after the other, of late: %s"
              .formatted(partition.table(), refused.get(refused.size() - 1).reason()),
          "That is no matter of single rows: look at the target and at the sink's definition. None"
              + " of these is parked; the sink waits and tries again.");
    }
    if (letters.count(generation) + refused.size() > MOST) {
      throw held(
          "%d rows are parked, and its target refuses more: %s"
              .formatted(letters.count(generation), refused.get(0).reason()),
          "See 'headwater dlq list %s'; retry or discard them. The sink waits and tries again."
              .formatted(sink));
    }
    letters.park(refused.stream().map(r -> DeadLetter.of(generation, partition, r)).toList());
    LOG.atWarn()
        .addKeyValue("sink", sink)
        .addKeyValue("generation", generation)
        .addKeyValue("partition", partition)
        .addKeyValue("rows", refused.size())
        .addKeyValue("reason", refused.get(0).reason())
        .log("rows parked that the target refuses");
  }

  private HeadwaterException held(String what, String hint) {
    return new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE, "sink '" + sink + "' – " + what, hint);
  }
}

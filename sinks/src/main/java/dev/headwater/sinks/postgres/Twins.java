package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FoldedBatch;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The generations of one sink that this process writes: where the writer of the serving one finds
 * how rows go into the one that is fed along with it. Any thread.
 */
final class Twins {
  private final Map<Integer, PostgresSink> sinks = new ConcurrentHashMap<>();

  /** Which generation each one's writers were last told to feed along; none: 0. */
  private final Map<Integer, Integer> twins = new ConcurrentHashMap<>();

  void add(PostgresSink sink) {
    sinks.put(sink.generation(), sink);
  }

  void remove(PostgresSink sink) {
    sinks.remove(sink.generation(), sink);
  }

  /**
   * Notes which generation the target wants fed along with another; 0 for none. One that does not
   * serve has none: what its writers are told says nothing about the serving one's.
   */
  void noteTwin(PostgresSink of, int generation) {
    twins.put(of.generation(), generation);
  }

  /** Whether a table's rows belong into a generation, as far as this process can tell. */
  boolean mayHold(int generation, TableId table) {
    PostgresSink other = sinks.get(generation);
    return other == null || other.holds(table);
  }

  /**
   * A batch's rows for the generation that is fed along, as far as is known before the transaction;
   * empty where there is none, or where it cannot take them: its own writer then goes on.
   */
  Optional<TwinLoad> along(
      PostgresSink serving, FoldedBatch batch, PreparedTable table, BatchLoad load) {
    int number = twins.getOrDefault(serving.generation(), 0);
    PostgresSink other = number == serving.generation() ? null : sinks.get(number);
    TableId id = batch.partition().table();
    if (other == null || !other.holds(id)) {
      return Optional.empty();
    }
    PreparedTable theirs = prepared(other, id, table);
    try {
      return Optional.of(new TwinLoad(other, number, theirs, load.gather(theirs, batch.rows())));
    } catch (BatchLoad.UnreadableRow e) {
      // Its own writer meets the same record, and says so.
      return Optional.empty();
    }
  }

  private static PreparedTable prepared(PostgresSink other, TableId id, PreparedTable ours) {
    Optional<PreparedTable> known = other.preparedIfAny(id);
    boolean isComplete =
        known.isPresent() && known.get().versions().keySet().containsAll(ours.versions().keySet());
    if (!isComplete) {
      List<TableSchema> versions =
          ours.versions().values().stream()
              .sorted(Comparator.comparingInt(TableSchema::version).reversed())
              .toList();
      versions.forEach(other::prepare);
    }
    return other.preparedTable(id);
  }
}

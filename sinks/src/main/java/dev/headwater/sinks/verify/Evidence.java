package dev.headwater.sinks.verify;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Turns records of the log into what the place that is verified should have made of them, by the
 * codec that writes there. Thread-safe.
 */
final class Evidence {
  /** Stands for the content of a record that cannot be written there at all. */
  private static final long UNWRITABLE = -1;

  private final ReadBack place;
  private final SchemaStore schemas;
  private final List<LogPartition> partitions;
  private final Map<TableId, List<Integer>> ordinals = new HashMap<>();
  private final Map<TableId, Set<Integer>> learned = new ConcurrentHashMap<>();

  Evidence(ReadBack place, SchemaStore schemas, List<LogPartition> partitions) {
    this.place = place;
    this.schemas = schemas;
    this.partitions = partitions;
    for (int i = 0; i < partitions.size(); i++) {
      ordinals.computeIfAbsent(partitions.get(i).table(), t -> new ArrayList<>()).add(i);
    }
    schemas.all().stream().filter(s -> ordinals.containsKey(s.table())).forEach(this::learn);
  }

  private void learn(TableSchema schema) {
    place.learn(schema);
    learned
        .computeIfAbsent(schema.table(), table -> ConcurrentHashMap.newKeySet())
        .add(schema.version());
  }

  /** The tables that are verified. */
  Set<TableId> tables() {
    return ordinals.keySet();
  }

  LogPartition partition(int ordinal) {
    return partitions.get(ordinal);
  }

  /** Which partition a row's records stand in. */
  int partitionOf(ReadBack.Row row) {
    List<Integer> ofTable = ordinals.get(row.table());
    return ofTable.get(LogPartitions.partitionOf(row.key(), ofTable.size()));
  }

  /** What a record says of a name. */
  Entry of(int ordinal, LogRecord record) {
    TableId table = partitions.get(ordinal).table();
    FoldedRow row = FoldedRow.of(record);
    byte[] name = place.name(table, row.key());
    if (row.isDelete()) {
      return new Entry(name, ordinal, row.offset(), Entry.NOTHING, 0);
    }
    return new Entry(
        name,
        ordinal,
        row.offset(),
        expected(table, row).map(ContentHash::of).orElse(UNWRITABLE),
        place.expiresAtMs(row));
  }

  /** The content a row should have; empty where its record can be written nowhere. */
  Optional<Content> expected(TableId table, FoldedRow row) {
    requireLearned(table, row);
    try {
      return Optional.of(place.expected(table, row));
    } catch (IllegalArgumentException e) {
      // The writer refuses such a record too; it is parked, or has stopped the sink.
      return Optional.empty();
    }
  }

  private void requireLearned(TableId table, FoldedRow row) {
    if (!learned.getOrDefault(table, Set.of()).contains(row.schemaVersion())) {
      learn(schema(table, row.schemaVersion()));
    }
  }

  /** A table's newest schema. */
  TableSchema latest(TableId table) {
    return Objects.requireNonNull(schemas.latest().get(table));
  }

  /** The schema that a row follows. */
  TableSchema schema(TableId table, int version) {
    return schemas
        .find(table, version)
        .orElseThrow(
            () ->
                new HeadwaterException(
                    FailureCode.LOG_NOT_READY,
                    "table '%s' – the log has no version %d of its schema"
                        .formatted(table, version),
                    "Its record in __headwater.schemas is gone: load the table again."));
  }
}

package dev.headwater.log.schema;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The schemas in the log: every table in every version, so that a typed view can be built with the
 * source gone.
 *
 * <p>Reads the log when first asked, and again when a version is asked for that it does not know: a
 * schema is committed no later than the first row that follows it. Thread-safe.
 */
public final class SchemaStore {
  private final LogConnection log;
  private Map<TableId, Map<Integer, TableSchema>> byTable = Map.of();

  /** Where the topic ended when it was read last; negative before that. */
  private long readUpTo = -1;

  public SchemaStore(LogConnection log) {
    this.log = log;
  }

  /** The latest version of each table's schema, as the log has it now. */
  public synchronized Map<TableId, TableSchema> latest() {
    refresh();
    Map<TableId, TableSchema> latest = new HashMap<>();
    for (TableSchema schema : known()) {
      latest.merge(schema.table(), schema, (a, b) -> a.version() >= b.version() ? a : b);
    }
    return latest;
  }

  /** One version of a table's schema. */
  public synchronized Optional<TableSchema> find(TableId table, int version) {
    Optional<TableSchema> found = lookUp(table, version);
    if (found.isEmpty()) {
      refresh();
      found = lookUp(table, version);
    }
    return found;
  }

  /** Every version of every table's schema, as the log has it now. */
  public synchronized List<TableSchema> all() {
    refresh();
    return known();
  }

  private Optional<TableSchema> lookUp(TableId table, int version) {
    if (readUpTo < 0) {
      refresh();
    }
    return Optional.ofNullable(byTable.getOrDefault(table, Map.of()).get(version));
  }

  private List<TableSchema> known() {
    List<TableSchema> schemas = new ArrayList<>();
    byTable.values().forEach(versions -> schemas.addAll(versions.values()));
    return schemas;
  }

  /** Asked for often and seldom changed: where nothing was added, nothing is read. */
  private void refresh() {
    if (readUpTo < 0 && !CompactedTopic.exists(log, TopicNames.SCHEMAS)) {
      return;
    }
    long end = CompactedTopic.end(log, TopicNames.SCHEMAS);
    if (end == readUpTo) {
      return;
    }
    Map<TableId, Map<Integer, TableSchema>> read = new HashMap<>();
    for (byte[] value : CompactedTopic.readExisting(log, TopicNames.SCHEMAS).values()) {
      TableSchema schema = TableSchemaJson.parse(value);
      read.computeIfAbsent(schema.table(), table -> new HashMap<>()).put(schema.version(), schema);
    }
    byTable = read;
    readUpTo = end;
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.TableSchema;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/**
 * A table as a sink has prepared it. Immutable: preparing a further version makes another.
 *
 * @param table how it stands in the target
 * @param versions the schema versions whose rows can be read
 */
record PreparedTable(ReplicaTable table, Map<Integer, TableSchema> versions) {
  PreparedTable {
    versions = Map.copyOf(versions);
  }

  /** The table with one more version. */
  PreparedTable with(ReplicaTable newTable, TableSchema version) {
    Map<Integer, TableSchema> all = new HashMap<>(versions);
    all.put(version.version(), version);
    return new PreparedTable(newTable, all);
  }

  /** The newest version prepared: a tombstone is read by it, for it need not name its own. */
  TableSchema newest() {
    return versions.values().stream()
        .max(Comparator.comparingInt(TableSchema::version))
        .orElseThrow(() -> new IllegalStateException("a table prepared without a schema"));
  }
}

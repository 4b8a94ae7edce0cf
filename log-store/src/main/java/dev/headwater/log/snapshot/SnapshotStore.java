package dev.headwater.log.snapshot;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What {@code __headwater.snapshots} says of the tables' loads. Thread-safe. */
public final class SnapshotStore {
  private final LogConnection log;

  public SnapshotStore(LogConnection log) {
    this.log = log;
  }

  /** The load of each table that has one, as {@code connector.schema.table}; read from the log. */
  public Map<String, TableLoad> loads() {
    Map<String, TableLoad> loads = new TreeMap<>();
    CompactedTopic.read(log, TopicNames.SNAPSHOTS)
        .forEach((table, state) -> loads.put(table, TableLoadJson.parse(table, state)));
    return loads;
  }

  /**
   * Tables whose last row is in the log, as {@code connector.schema.table}; read from the log. One
   * that is being loaded again is not among them until that is done.
   */
  public Set<String> completeTables() {
    return loads().entrySet().stream()
        .filter(load -> load.getValue().state() == TableLoad.State.COMPLETE)
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }
}

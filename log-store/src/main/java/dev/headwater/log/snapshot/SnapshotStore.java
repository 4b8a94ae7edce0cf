package dev.headwater.log.snapshot;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.util.Set;

/** What {@code __headwater.snapshots} says of the tables' loads. Thread-safe. */
public final class SnapshotStore {
  private final LogConnection log;

  public SnapshotStore(LogConnection log) {
    this.log = log;
  }

  /** Tables whose last row is in the log, as {@code connector.schema.table}; read from the log. */
  public Set<String> completeTables() {
    return Set.copyOf(CompactedTopic.read(log, TopicNames.SNAPSHOTS).keySet());
  }
}

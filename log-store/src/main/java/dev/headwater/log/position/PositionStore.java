package dev.headwater.log.position;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.topic.TopicNames;
import java.util.Optional;

/**
 * Looks where connectors are, for those that do not write: {@code __headwater.positions} as it was
 * committed. A writer reads its position behind its fence instead, by its appender.
 */
public final class PositionStore {
  private PositionStore() {}

  /** Up to where the log has all of a connector's changes; empty before the first. */
  public static Optional<SourcePosition> read(LogConnection log, String connector) {
    return Optional.ofNullable(CompactedTopic.read(log, TopicNames.POSITIONS).get(connector))
        .map(SourcePositionJson::parse);
  }
}

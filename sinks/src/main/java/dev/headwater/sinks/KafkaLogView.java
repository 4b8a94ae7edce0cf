package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.topic.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** The log in Kafka, as feeding looks at it. */
final class KafkaLogView implements LogView {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final String DELETE_RETENTION = "delete.retention.ms";

  private final LogConnection log;
  private final Topics topics;
  private final Map<String, Long> retentionMs = new ConcurrentHashMap<>();

  KafkaLogView(LogConnection log) {
    this.log = log;
    this.topics = new Topics(log);
  }

  @Override
  public long committedEnd(LogPartition partition) {
    return LogPartitions.committedEnd(log, partition);
  }

  @Override
  public long deleteRetentionMs(LogPartition partition) {
    return retentionMs.computeIfAbsent(
        partition.topic(),
        topic ->
            topics
                .describe(topic)
                .map(info -> info.config().get(DELETE_RETENTION))
                .map(Long::valueOf)
                .orElse(log.config().deleteRetention().toMillis()));
  }

  @Override
  public boolean read(
      LogPartition partition, long end, BooleanSupplier goesOn, Predicate<LogRecord> receiver) {
    try (ReplayReader reader = ReplayReader.open(log, List.of(partition), Map.of())) {
      while (reader.positions().get(partition) < end) {
        if (!goesOn.getAsBoolean()) {
          return false;
        }
        for (PartitionBatch batch : reader.poll(POLL)) {
          for (LogRecord record : batch.records()) {
            if (record.offset() < end && !receiver.test(record)) {
              return false;
            }
          }
        }
      }
      return true;
    }
  }
}

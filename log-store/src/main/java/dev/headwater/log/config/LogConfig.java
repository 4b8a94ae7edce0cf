package dev.headwater.log.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code log:} block: which Kafka holds the log, and how topics are laid out in it.
 *
 * @param bootstrapServers the brokers; empty means a real broker inside this process
 * @param directory where the embedded broker keeps its files and its address
 * @param replicationFactor copies of each partition; empty means three, or as many as there are
 *     brokers if fewer
 * @param minInsyncReplicas copies that must have a record before it counts; empty means one less
 *     than the copies, at least one
 * @param partitions partitions by table name or glob, {@code *} for the rest; fixed for a topic's
 *     life
 * @param deleteRetention how long a tombstone stays readable ({@code delete.retention.ms})
 * @param properties Kafka client properties, passed on as they are; values may be secrets
 */
public record LogConfig(
    Optional<String> bootstrapServers,
    Path directory,
    Optional<Integer> replicationFactor,
    Optional<Integer> minInsyncReplicas,
    Map<String, Integer> partitions,
    Duration deleteRetention,
    Map<String, Secret> properties) {
  /** Where the embedded broker lives when nothing else is said. */
  public static final Path DEFAULT_DIRECTORY = Path.of(".headwater", "log");

  /** A week, so that a sink may be away over a weekend without needing a sweep. */
  public static final Duration DEFAULT_DELETE_RETENTION = Duration.ofDays(7);

  /** The embedded broker with all defaults. */
  public static LogConfig embedded() {
    return new LogConfig(
        Optional.empty(),
        DEFAULT_DIRECTORY,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        DEFAULT_DELETE_RETENTION,
        Map.of());
  }
}

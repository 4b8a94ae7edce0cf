package dev.headwater.cli.verify;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.cli.config.Suggestions;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.DeadLetters;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.TableKeys;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One row: its last record in the log, and what sinks have made of it. */
public final class RowTrace {
  private static final Duration POLL = Duration.ofMillis(200);

  private final LogConnection log;
  private final SchemaStore schemas;
  private final LogPartition partition;
  private final LogRecord record;

  private RowTrace(
      LogConnection log, SchemaStore schemas, LogPartition partition, LogRecord record) {
    this.log = log;
    this.schemas = schemas;
    this.partition = partition;
    this.record = record;
  }

  /**
   * What one sink has of the row.
   *
   * @param name what the sink calls it
   * @param offset everything below it is applied there; empty where nothing is
   * @param version the target's own version of it, where it keeps any
   * @param state {@code level}; {@code behind} where its last change is still to come; {@code
   *     parked} where the sink has had it and its target refused it; {@code different} where the
   *     sink has had it, and holds something else
   */
  public record InSink(
      int generation,
      String name,
      boolean isPresent,
      OptionalLong offset,
      OptionalLong version,
      String state) {}

  /**
   * Finds the last record of a key.
   *
   * @param table {@code connector.schema.table}
   * @param key the key's JSON, or the value of a key of one column
   * @throws HeadwaterException if there is no such table or key in the log
   */
  public static RowTrace find(LogConnection log, String table, String key) {
    SchemaStore schemas = new SchemaStore(log);
    Optional<TableId> known =
        schemas.latest().keySet().stream().filter(id -> id.toString().equals(table)).findFirst();
    if (known.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "table '" + table + "' is not in the log",
          Suggestions.itHas(
              schemas.latest().keySet().stream().map(TableId::toString).sorted().toList()));
    }
    TableSchema schema = schemas.latest().get(known.get());
    byte[] canonical =
        schema.key().size() == 1 && !key.startsWith("{")
            ? TableKeys.of(schema)
                .key(Map.of(schema.key().get(0), key.getBytes(UTF_8)))
                .orElseGet(() -> key.getBytes(UTF_8))
            : key.getBytes(UTF_8);
    List<LogPartition> partitions =
        LogPartitions.of(log, schemas, known.get()::equals).values().stream()
            .flatMap(List::stream)
            .toList();
    LogPartition partition =
        partitions.get(LogPartitions.partitionOf(canonical, partitions.size()));
    LogRecord last = last(log, partition, canonical);
    if (last == null) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "table " + table + " – the log has no record with the key " + key,
          "A key looks like the ones that 'headwater log tail " + table + "' prints.");
    }
    return new RowTrace(log, schemas, partition, last);
  }

  private static @Nullable LogRecord last(LogConnection log, LogPartition partition, byte[] key) {
    LogRecord last = null;
    try (ReplayReader reader = ReplayReader.open(log, List.of(partition), Map.of())) {
      while (!reader.isCaughtUp()) {
        for (PartitionBatch batch : reader.poll(POLL)) {
          for (LogRecord record : batch.records()) {
            last = Arrays.equals(record.key(), key) ? record : last;
          }
        }
      }
    }
    return last;
  }

  /** Where the row stands in the log. */
  public LogPartition partition() {
    return partition;
  }

  /** Its last record. */
  public LogRecord record() {
    return record;
  }

  /** What a sink has of it. */
  public InSink in(SinkConfig config) {
    try (ServingSink sink = ServingSink.open(config)) {
      ReadBack place = sink.readBack();
      schemas.all().stream()
          .filter(schema -> schema.table().equals(partition.table()))
          .forEach(place::learn);
      byte[] name = place.name(partition.table(), record.key());
      ReadBack.Look look = place.look(partition, List.of(name));
      Optional<Content> found = look.found().get(0);
      return new InSink(
          sink.generation(),
          new String(name, UTF_8).replace('\0', ' '),
          found.isPresent(),
          look.fromOffset(),
          place.version(name),
          state(sink, look, found));
    }
  }

  private String state(ServingSink sink, ReadBack.Look look, Optional<Content> found) {
    ReadBack place = sink.readBack();
    Optional<Content> expected = Optional.empty();
    FoldedRow row = FoldedRow.of(record);
    long expiresAtMs = place.expiresAtMs(row);
    boolean isOver = expiresAtMs > 0 && expiresAtMs <= look.atMs();
    if (!row.isDelete() && !isOver) {
      expected = Optional.of(place.expected(partition.table(), row));
    }
    boolean isSame =
        expected.isPresent()
            ? found.isPresent() && expected.get().isSame(found.get())
            : found.isEmpty();
    if (isSame) {
      return "level";
    }
    if (look.fromOffset().orElse(0) <= record.offset()) {
      return "behind";
    }
    try (DeadLetters letters = DeadLetters.open(log, sink.config().name())) {
      letters.refresh();
      return letters.isParked(sink.generation(), partition.table(), record.key())
          ? "parked"
          : "different";
    }
  }
}

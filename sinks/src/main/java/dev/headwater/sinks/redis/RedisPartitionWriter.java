package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.SinkConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/** The one writer of a partition into Redis. */
final class RedisPartitionWriter implements PartitionWriter {
  /** Replaces the owner, and says what checkpoint is there. */
  private static final String TAKE =
      "redis.call('HSET', KEYS[1], 'owner', ARGV[1])"
          + " return redis.call('HGET', KEYS[1], 'checkpoint')";

  private final RedisSink sink;
  private final SinkConfig.Redis config;
  private final LogPartition partition;
  private final byte[] checkpointKey;
  private final byte[] owner;
  private final RedisBatch script;
  private byte[] stored;
  private Optional<Checkpoint> checkpoint;

  private RedisPartitionWriter(
      RedisSink sink,
      SinkConfig.Redis config,
      LogPartition partition,
      byte[] checkpointKey,
      byte[] owner,
      byte[] stored) {
    this.sink = sink;
    this.config = config;
    this.partition = partition;
    this.checkpointKey = checkpointKey;
    this.owner = owner;
    this.script = new RedisBatch(config);
    this.stored = stored;
    this.checkpoint = parse(stored);
  }

  static RedisPartitionWriter take(
      RedisSink sink, SinkConfig.Redis config, LogPartition partition) {
    byte[] key = checkpointKey(config, partition);
    byte[] owner = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    Object found =
        sink.redis().eval(TAKE.getBytes(StandardCharsets.US_ASCII), List.of(key), List.of(owner));
    byte[] stored = found == null ? new byte[0] : (byte[]) found;
    return new RedisPartitionWriter(sink, config, partition, key, owner, stored);
  }

  /** The hash that holds a partition's owner and checkpoint. */
  static byte[] checkpointKey(SinkConfig.Redis config, LogPartition partition) {
    String name =
        "__headwater:" + config.name() + ":g1:" + partition.topic() + ":" + partition.partition();
    return name.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return checkpoint;
  }

  @Override
  public void apply(FoldedBatch batch) {
    byte[] next = format(batch.checkpoint());
    List<byte[]> keys = new ArrayList<>(batch.rows().size() + 1);
    List<byte[]> arguments = new ArrayList<>(batch.rows().size() + 5);
    keys.add(checkpointKey);
    arguments.add(owner);
    arguments.add(stored);
    arguments.add(next);
    List<FoldedRow> written = new ArrayList<>(batch.rows().size());
    int deletes = 0;
    for (FoldedRow row : batch.rows()) {
      if (row.isDelete()) {
        keys.add(sink.template().name(partition.table(), row.key()));
        deletes++;
      } else {
        written.add(row);
      }
    }
    arguments.add(Integer.toString(deletes).getBytes(StandardCharsets.US_ASCII));
    for (FoldedRow row : written) {
      keys.add(sink.template().name(partition.table(), row.key()));
      script.addArguments(row, arguments);
    }
    long result = run(keys, arguments);
    if (result == 0) {
      throw new HeadwaterException(
          FailureCode.FENCED,
          "sink '" + config.name() + "' – another worker has taken over " + partition,
          "This worker leaves it alone; the other one goes on.");
    }
    stored = next;
    checkpoint = Optional.of(batch.checkpoint());
  }

  private long run(List<byte[]> keys, List<byte[]> arguments) {
    JedisPooled redis = sink.redis();
    try {
      try {
        return (Long) redis.evalsha(script.sha(), keys, arguments);
      } catch (JedisNoScriptException e) {
        return (Long) redis.eval(script.text(), keys, arguments);
      }
    } catch (JedisException e) {
      throw sink.failure(e);
    }
  }

  private static byte[] format(Checkpoint c) {
    return (c.generation() + " " + c.topicId() + " " + c.nextOffset() + " " + c.levelAtMs())
        .getBytes(StandardCharsets.US_ASCII);
  }

  static Optional<Checkpoint> parse(byte[] stored) {
    if (stored.length == 0) {
      return Optional.empty();
    }
    String[] parts = new String(stored, StandardCharsets.US_ASCII).split(" ", -1);
    return Optional.of(
        new Checkpoint(
            Integer.parseInt(parts[0]),
            parts[1],
            Long.parseLong(parts[2]),
            Long.parseLong(parts[3])));
  }

  @Override
  public void close() {
    // The connection is the pool's; the ownership stays until another writer takes it.
  }
}

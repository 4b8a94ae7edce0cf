package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Refusal;
import dev.headwater.sinks.Refusals;
import dev.headwater.sinks.SinkConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/** The one writer of a partition into Redis. */
final class RedisPartitionWriter implements PartitionWriter {
  private static final byte[] NONE = {'0'};
  private static final int HELD = 3;

  /** From so many rows on, what it saves is more than the question before it costs. */
  private static final int MANY_ROWS = 300;

  private static final long HELD_PAUSE_MS = 10;

  /** Replaces the owner, and says what checkpoint is there; nothing if the generation is gone. */
  private static final byte[] TAKE =
      RedisNames.bytes(
          """
          local state = redis.call('HGET', KEYS[1], ARGV[1])
          if not state or state == 'DROPPING' then return false end
          redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
          redis.call('SET', KEYS[3], ARGV[4])
          return redis.call('HGET', KEYS[2], ARGV[3]) or ''
          """);

  private final RedisSink sink;
  private final SinkConfig.Redis config;
  private final LogPartition partition;
  private final List<byte[]> checkpointKey;
  private final byte[] ownerField;
  private final byte[] checkpointField;
  private final byte[] owner;
  private final RedisBatch script;
  private final RedisAtOnce atOnce;
  private boolean isLimitOld;
  private byte[] stored;
  private Optional<Checkpoint> checkpoint;

  private RedisPartitionWriter(RedisSink sink, SinkConfig.Redis config, LogPartition partition) {
    sink.learnLimit();
    this.sink = sink;
    this.config = config;
    this.partition = partition;
    this.checkpointKey = List.of(RedisNames.checkpoints(config.name(), sink.generation()));
    this.ownerField = RedisNames.bytes("owner:" + partition);
    this.checkpointField = RedisNames.bytes("at:" + partition);
    this.owner = RedisNames.bytes(UUID.randomUUID().toString());
    this.script = new RedisBatch(config);
    byte[] turnstile = RedisNames.turnstile(checkpointKey.get(0), partition.toString());
    this.atOnce = new RedisAtOnce(sink.redis(), checkpointKey.get(0), turnstile);
    byte[] state = RedisNames.bytes(sink.generation() + ".state");
    Object found =
        sink.redis()
            .call(
                r ->
                    r.eval(
                        TAKE,
                        List.of(RedisNames.state(config.name()), checkpointKey.get(0), turnstile),
                        List.of(state, ownerField, checkpointField, owner)));
    if (found == null) {
      throw new HeadwaterException(
          FailureCode.FENCED,
          "sink '%s' – its generation %d is not there any more"
              .formatted(config.name(), sink.generation()),
          "What there is instead is found out by itself.");
    }
    this.stored = (byte[]) found;
    this.checkpoint = parse(stored);
  }

  static RedisPartitionWriter take(
      RedisSink sink, SinkConfig.Redis config, LogPartition partition) {
    return new RedisPartitionWriter(sink, config, partition);
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
  public void apply(FoldedBatch batch, Refusals refusals) {
    if (isLimitOld) {
      sink.learnLimit();
      isLimitOld = false;
    }
    byte[] next = format(batch.checkpoint());
    int rows = batch.rows().size();
    List<byte[]> arguments = new ArrayList<>(2 * rows + 6);
    List<Refusal> refused = new ArrayList<>();
    begin(arguments, next);
    int deletes = 0;
    for (FoldedRow row : batch.rows()) {
      if (row.isDelete() && add(row, arguments, refused)) {
        deletes++;
      }
    }
    arguments.set(5, RedisNames.bytes(Integer.toString(deletes)));
    for (FoldedRow row : batch.rows()) {
      if (!row.isDelete()) {
        if (arguments.size() > RedisBatch.MAX_ARGUMENTS) {
          // The checkpoint stays; what is written so far may be written again.
          arguments.set(4, stored);
          run(arguments);
          arguments.clear();
          begin(arguments, next);
        }
        add(row, arguments, refused);
      }
    }
    if (!refused.isEmpty()) {
      requireOwner();
      refusals.keep(partition, refused, rows - refused.size());
    }
    if (rows < MANY_ROWS || deletes > 0 || !script.isPlain() || !writeAtOnce(arguments)) {
      run(arguments);
    }
    stored = next;
    checkpoint = Optional.of(batch.checkpoint());
  }

  /**
   * Appends a row's arguments. Redis ends the connection of a client that sends a value larger than
   * it takes, which would look like an outage: so such a row is never sent.
   */
  private boolean add(FoldedRow row, List<byte[]> arguments, List<Refusal> refused) {
    int from = arguments.size();
    String reason = "it is not what a record of the log is";
    try {
      byte[] name = sink.template().name(partition.table(), row.key());
      if (row.isDelete()) {
        arguments.add(name);
      } else {
        script.addArguments(name, row, arguments);
      }
      long largest = largest(arguments, from);
      if (largest <= sink.maxValueBytes()) {
        return true;
      }
      reason =
          "a value of %d bytes is larger than Redis takes (proto-max-bulk-len %d)"
              .formatted(largest, sink.maxValueBytes());
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // As said.
    }
    arguments.subList(from, arguments.size()).clear();
    refused.add(new Refusal(row, reason));
    return false;
  }

  private static long largest(List<byte[]> arguments, int from) {
    long largest = 0;
    for (int i = from; i < arguments.size(); i++) {
      largest = Math.max(largest, arguments.get(i).length);
    }
    return largest;
  }

  /** A writer that slept while another took over is to leave no rows anywhere. */
  private void requireOwner() {
    byte[] now = sink.redis().call(r -> r.hget(checkpointKey.get(0), ownerField));
    if (!Arrays.equals(now, owner)) {
      throw fenced();
    }
  }

  private HeadwaterException fenced() {
    return new HeadwaterException(
        FailureCode.FENCED,
        "sink '" + config.name() + "' – another worker has taken over " + partition,
        "This worker leaves it alone; the other one goes on.");
  }

  private void begin(List<byte[]> arguments, byte[] next) {
    arguments.add(ownerField);
    arguments.add(checkpointField);
    arguments.add(owner);
    arguments.add(stored);
    arguments.add(next);
    arguments.add(NONE);
  }

  private boolean writeAtOnce(List<byte[]> arguments) {
    isLimitOld = true;
    boolean isWritten = atOnce.write(arguments);
    isLimitOld = !isWritten;
    return isWritten;
  }

  private void run(List<byte[]> arguments) {
    // Unless this comes back: a server may be another, or set otherwise, after a lost connection.
    isLimitOld = true;
    long answer = sink.redis().call(r -> answer(r, arguments));
    while (answer == HELD) {
      pause();
      answer = sink.redis().call(r -> answer(r, arguments));
    }
    if (answer == 0) {
      throw fenced();
    }
    isLimitOld = false;
  }

  private long answer(JedisPooled redis, List<byte[]> arguments) {
    try {
      return (Long) redis.evalsha(script.sha(), checkpointKey, arguments);
    } catch (JedisNoScriptException e) {
      return (Long) redis.eval(script.text(), checkpointKey, arguments);
    }
  }

  /** The server ends the hold by its own clock, in a second at most. */
  private void pause() {
    try {
      Thread.sleep(HELD_PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          "sink '" + config.name() + "' – interrupted while a switch held " + partition,
          "Nothing was written.",
          e);
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

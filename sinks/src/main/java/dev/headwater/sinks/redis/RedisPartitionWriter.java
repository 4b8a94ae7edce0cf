package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.MadeReady;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Refusals;
import dev.headwater.sinks.SinkConfig;
import java.nio.charset.StandardCharsets;
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
  private final MadeReady<RedisRows> ready = new MadeReady<>();
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

  /** A batch too large for one script is written by several, the checkpoint with the last. */
  @Override
  public boolean isAtomic() {
    return false;
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
    RedisRows rows =
        ready
            .take(batch.rows())
            .filter(made -> made.maxValueBytes() == sink.maxValueBytes())
            .orElseGet(() -> encode(batch.rows()));
    byte[] next = format(batch.checkpoint());
    int last = rows.pieces().size() - 1;
    for (int i = 0; i < last; i++) {
      // The checkpoint stays; what is written so far may be written again.
      run(begin(rows.pieces().get(i), stored, i == 0 ? rows.deletes() : 0));
    }
    if (!rows.refused().isEmpty()) {
      requireOwner();
      refusals.keep(partition, rows.refused(), batch.rows().size() - rows.refused().size());
    }
    List<byte[]> arguments = begin(rows.pieces().get(last), next, last == 0 ? rows.deletes() : 0);
    boolean isWorthIt = batch.rows().size() >= MANY_ROWS && rows.deletes() == 0;
    if (!isWorthIt || !script.isPlain() || !writeAtOnce(arguments)) {
      run(arguments);
    }
    stored = next;
    checkpoint = Optional.of(batch.checkpoint());
  }

  @Override
  public void makeReady(List<FoldedRow> rows) {
    ready.put(rows, encode(rows));
  }

  private RedisRows encode(List<FoldedRow> rows) {
    return new RedisRows(rows, script, sink.template(), partition.table(), sink.maxValueBytes());
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

  private List<byte[]> begin(List<byte[]> arguments, byte[] next, int deletes) {
    arguments.set(0, ownerField);
    arguments.set(1, checkpointField);
    arguments.set(2, owner);
    arguments.set(3, stored);
    arguments.set(4, next);
    arguments.set(5, deletes == 0 ? NONE : RedisNames.bytes(Integer.toString(deletes)));
    return arguments;
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

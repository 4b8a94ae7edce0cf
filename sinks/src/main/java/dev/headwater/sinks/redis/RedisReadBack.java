package dev.headwater.sinks.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.TableKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Reads the cache back. Redis has no list of a sink's names, so a scan goes over the whole
 * database, whoever else has keys in it.
 */
final class RedisReadBack implements ReadBack {
  /** Each name with its value, and the checkpoint beside them: a script runs alone. */
  private static final byte[] LOOK =
      ("local t = redis.call('TIME')"
              + " local out = {redis.call('HGET', KEYS[1], ARGV[1]),"
              + " t[1] .. string.format('%03d', math.floor(t[2] / 1000))}"
              + " for i = 2, #KEYS do local type = redis.call('TYPE', KEYS[i]).ok"
              + " if type == 'string' then out[i + 1] = {type, redis.call('GET', KEYS[i])}"
              + " elseif type == 'hash' then out[i + 1] = {type, redis.call('HGETALL', KEYS[i])}"
              + " else out[i + 1] = {type} end end return out")
          .getBytes(US_ASCII);

  private final RedisSink sink;
  private final SinkConfig.Redis config;
  private final Map<TableId, TableSchema> schemas = new ConcurrentHashMap<>();
  private final Map<TableId, TableKeys> tables = new ConcurrentHashMap<>();

  RedisReadBack(RedisSink sink, SinkConfig.Redis config) {
    this.sink = sink;
    this.config = config;
  }

  @Override
  public void learn(TableSchema schema) {
    sink.template().requireFits(config.name(), schema);
    TableSchema newest =
        schemas.merge(schema.table(), schema, (a, b) -> a.version() >= b.version() ? a : b);
    tables.put(schema.table(), TableKeys.of(newest));
  }

  @Override
  public byte[] name(TableId table, byte[] key) {
    return sink.template().name(table, key);
  }

  @Override
  public Optional<Row> rowOf(byte[] name) {
    for (TableKeys keys : tables.values()) {
      Optional<byte[]> key = sink.template().key(keys, name);
      if (key.isPresent()) {
        return Optional.of(new Row(keys.table(), key.get()));
      }
    }
    return Optional.empty();
  }

  @Override
  public boolean hasStrangers() {
    return true;
  }

  @Override
  public Content expected(TableId table, FoldedRow row) {
    byte[] value = Objects.requireNonNull(row.value());
    return isHash() ? content(RedisBatch.fields(row)) : Content.document(value);
  }

  @Override
  public long expiresAtMs(FoldedRow row) {
    return config.ttl().isZero() || row.tsMs() <= 0 ? 0 : row.tsMs() + config.ttl().toMillis();
  }

  @Override
  public OptionalLong estimate() {
    try {
      return OptionalLong.of(sink.redis().client().dbSize());
    } catch (JedisException e) {
      throw sink.redis().failure(e);
    }
  }

  @Override
  public void scan(Visitor visitor) {
    RedisScan scan = RedisScan.of(sink.redis(), sink.template().prefix());
    try {
      while (!scan.isDone()) {
        List<byte[]> names = scan.next();
        if (!names.isEmpty()) {
          List<@Nullable Content> found = isHash() ? hashes(names) : strings(names);
          for (int i = 0; i < names.size(); i++) {
            Content content = found.get(i);
            if (content != null) {
              visitor.row(names.get(i), content);
            }
          }
        }
      }
    } catch (JedisException e) {
      throw sink.redis().failure(e);
    }
  }

  private List<@Nullable Content> strings(List<byte[]> names) {
    List<@Nullable Content> found = new ArrayList<>();
    for (byte[] value : sink.redis().client().mget(names.toArray(new byte[0][]))) {
      // Nothing is said of a list or a hash either: the closer look will tell.
      found.add(value == null ? null : Content.document(value));
    }
    return found;
  }

  private List<@Nullable Content> hashes(List<byte[]> names) {
    List<Response<Map<byte[], byte[]>>> answers = new ArrayList<>();
    try (Pipeline pipeline = sink.redis().client().pipelined()) {
      names.forEach(name -> answers.add(pipeline.hgetAll(name)));
      pipeline.sync();
    }
    List<@Nullable Content> found = new ArrayList<>();
    for (Response<Map<byte[], byte[]>> answer : answers) {
      try {
        Map<byte[], byte[]> fields = answer.get();
        found.add(fields.isEmpty() ? null : content(fields));
      } catch (JedisDataException e) {
        found.add(Content.alien(e.getMessage()));
      }
    }
    return found;
  }

  @Override
  public Look look(LogPartition partition, List<byte[]> names) {
    List<byte[]> keys = new ArrayList<>(names.size() + 1);
    keys.add(RedisNames.checkpoints(config.name(), sink.generation()));
    keys.addAll(names);
    List<?> answer;
    try {
      answer =
          (List<?>)
              sink.redis().client().eval(LOOK, keys, List.of(RedisNames.bytes("at:" + partition)));
    } catch (JedisException e) {
      throw sink.redis().failure(e);
    }
    byte[] stored = (byte[]) answer.get(0);
    OptionalLong offset = OptionalLong.empty();
    if (stored != null) {
      offset =
          RedisPartitionWriter.parse(stored)
              .filter(c -> c.topicId().equals(partition.topicId()))
              .map(Checkpoint::nextOffset)
              .map(OptionalLong::of)
              .orElse(OptionalLong.empty());
    }
    long now = Long.parseLong(new String((byte[]) answer.get(1), US_ASCII));
    List<Optional<Content>> found = new ArrayList<>();
    for (int i = 2; i < answer.size(); i++) {
      found.add(found((List<?>) answer.get(i)));
    }
    return new Look(offset, offset, now, found);
  }

  private Optional<Content> found(List<?> typed) {
    String type = new String((byte[]) typed.get(0), UTF_8);
    if (type.equals("none")) {
      return Optional.empty();
    }
    if (type.equals("string") && !isHash()) {
      return Optional.of(Content.document((byte[]) typed.get(1)));
    }
    if (type.equals("hash") && isHash()) {
      List<byte[]> flat = new ArrayList<>();
      ((List<?>) typed.get(1)).forEach(part -> flat.add((byte[]) part));
      return Optional.of(content(flat));
    }
    return Optional.of(Content.alien("a " + type));
  }

  private boolean isHash() {
    return config.value() == SinkConfig.Redis.Value.HASH;
  }

  /** Names and values in turn. */
  private static Content content(List<byte[]> flat) {
    Map<byte[], byte[]> fields = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < flat.size(); i += 2) {
      fields.put(flat.get(i), flat.get(i + 1));
    }
    return content(fields);
  }

  /** Redis keeps fields in no order. */
  private static Content content(Map<byte[], byte[]> fields) {
    Map<byte[], byte[]> sorted = new TreeMap<>(Arrays::compareUnsigned);
    sorted.putAll(fields);
    Content.Columns columns = new Content.Columns();
    sorted.forEach(columns::add);
    return columns.build();
  }

  @Override
  public void close() {
    // The connections are the sink's.
  }
}

package dev.headwater.sinks.redis;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.JsonFields;
import dev.headwater.sinks.SinkConfig;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The script that applies a batch, and how rows become its arguments.
 *
 * <p>Key: the hash of the generation's checkpoints. Arguments: the fields of owner and checkpoint,
 * the owner, the checkpoint expected, the next one, how many names are deleted, those names, then
 * what is written, in the order in which Redis' own commands take it, so that nothing is copied. A
 * batch with more arguments than one command may have is several scripts, of which all but the last
 * expect and leave the same checkpoint.
 *
 * <p>It answers 1 when it applied the batch, 2 when the batch had been applied before, 0 when
 * another writer owns the partition, 3 when the generation is held for the moment of a switch.
 */
final class RedisBatch {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What stands before the rows: fields, owner, checkpoints, how many are deleted. */
  static final int FIRST_ROW = 6;

  /** Far below the million that Redis takes in one command. */
  static final int MAX_ARGUMENTS = 200_000;

  private static final String CHECK =
      """
      local at = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'hold')
      if at[1] ~= ARGV[3] then return 0 end
      local stored = at[2] or ''
      if stored == ARGV[5] and stored ~= ARGV[4] then return 2 end
      if stored ~= ARGV[4] then return 0 end
      if at[3] then
        local t = redis.call('TIME')
        if t[1] * 1000 + math.floor(t[2] / 1000) < tonumber(at[3]) then return 3 end
        redis.call('HDEL', KEYS[1], 'hold')
      end
      local a = 7 + tonumber(ARGV[6])
      for i = 7, a - 1, 4000 do
        redis.call('UNLINK', unpack(ARGV, i, math.min(i + 3999, a - 1)))
      end
      """;

  private static final String STORE =
      """
      if ARGV[5] ~= ARGV[4] then redis.call('HSET', KEYS[1], ARGV[2], ARGV[5]) end
      return 1
      """;

  /** Per row: name and value. */
  private static final String WRITE_JSON =
      """
      for i = a, #ARGV, 4000 do
        redis.call('MSET', unpack(ARGV, i, math.min(i + 3999, #ARGV)))
      end
      """;

  /** Per row: name, value, and when it expires. */
  private static final String WRITE_JSON_TTL =
      """
      for i = a, #ARGV, 3 do
        redis.call('SET', ARGV[i], ARGV[i + 1], 'PXAT', ARGV[i + 2])
      end
      """;

  /** Per row: name, when it expires or 0, how many fields and values follow, then those. */
  private static final String WRITE_HASH =
      """
      while a <= #ARGV do
        local last = a + 2 + tonumber(ARGV[a + 2])
        redis.call('DEL', ARGV[a])
        for f = a + 3, last, 4000 do
          redis.call('HSET', ARGV[a], unpack(ARGV, f, math.min(f + 3999, last)))
        end
        if ARGV[a + 1] ~= '0' then redis.call('PEXPIREAT', ARGV[a], ARGV[a + 1]) end
        a = last + 1
      end
      """;

  private final SinkConfig.Redis config;
  private final byte[] text;
  private final byte[] sha;

  RedisBatch(SinkConfig.Redis config) {
    this.config = config;
    String write =
        config.value() == SinkConfig.Redis.Value.HASH
            ? WRITE_HASH
            : config.ttl().isZero() ? WRITE_JSON : WRITE_JSON_TTL;
    this.text = (CHECK + write + STORE).getBytes(StandardCharsets.US_ASCII);
    this.sha = sha1(text).getBytes(StandardCharsets.US_ASCII);
  }

  /** Whether a row is its name and its value and nothing else. */
  boolean isPlain() {
    return config.value() == SinkConfig.Redis.Value.JSON && config.ttl().isZero();
  }

  byte[] text() {
    return text;
  }

  byte[] sha() {
    return sha;
  }

  /** Appends what the script needs of one row that is written. */
  void addArguments(byte[] name, FoldedRow row, List<byte[]> arguments) {
    byte[] value = Objects.requireNonNull(row.value());
    arguments.add(name);
    if (config.value() == SinkConfig.Redis.Value.HASH) {
      arguments.add(expiry(row));
      int countAt = arguments.size();
      arguments.add(new byte[0]);
      addFields(value, jsonNulls(row), arguments);
      arguments.set(countAt, digits(arguments.size() - countAt - 1));
    } else {
      arguments.add(value);
      if (!config.ttl().isZero()) {
        arguments.add(expiry(row));
      }
    }
  }

  /** The names and values a row is kept as, in turn, where it is kept as a hash. */
  static List<byte[]> fields(FoldedRow row) {
    List<byte[]> fields = new ArrayList<>();
    addFields(Objects.requireNonNull(row.value()), jsonNulls(row), fields);
    return fields;
  }

  /** When the row's life ends, counted from its commit: a rebuild must not revive what expired. */
  private byte[] expiry(FoldedRow row) {
    long from = row.tsMs() > 0 ? row.tsMs() : System.currentTimeMillis();
    return config.ttl().isZero() ? digits(0) : digits(from + config.ttl().toMillis());
  }

  /** A field that is not there is how a hash says NULL; a JSON null that is a value is a text. */
  private static void addFields(byte[] row, Set<String> jsonNulls, List<byte[]> arguments) {
    JsonFields fields = new JsonFields(row);
    while (fields.next()) {
      byte[] name = fields.name();
      if (!fields.isNull() || jsonNulls.contains(new String(name, StandardCharsets.UTF_8))) {
        arguments.add(name);
        arguments.add(fields.text());
      }
    }
  }

  private static Set<String> jsonNulls(FoldedRow row) {
    if (row.nulls().isEmpty()) {
      return Set.of();
    }
    try {
      return Set.of(JSON.readValue(row.nulls().get(), String[].class));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the nulls header is no JSON array", e);
    }
  }

  private static byte[] digits(long value) {
    return Long.toString(value).getBytes(StandardCharsets.US_ASCII);
  }

  /** Redis names scripts by their SHA-1. */
  private static String sha1(byte[] script) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(script));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }
}

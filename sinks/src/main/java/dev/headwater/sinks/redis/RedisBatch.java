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
 * <p>Keys: the checkpoint's hash, the names to delete, the names to write. Arguments: owner, the
 * checkpoint expected, the next one, how many names are deleted, then what is written. It answers 1
 * when it applied the batch, 2 when the batch had been applied before, 0 when another writer owns
 * the partition.
 */
final class RedisBatch {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Far below what Lua can unpack at once. */
  private static final String PER_CALL = "1000";

  private static final String CHECK =
      "local owner = redis.call('HGET', KEYS[1], 'owner')"
          + " if owner ~= ARGV[1] then return 0 end"
          + " local at = redis.call('HGET', KEYS[1], 'checkpoint') or ''"
          + " if at == ARGV[3] and at ~= ARGV[2] then return 2 end"
          + " if at ~= ARGV[2] then return 0 end"
          + " local deletes = tonumber(ARGV[4])"
          + " for i = 2, deletes + 1, "
          + PER_CALL
          + " do redis.call('UNLINK', unpack(KEYS, i, math.min(i + "
          + PER_CALL
          + " - 1, deletes + 1))) end"
          + " local a = 5 ";

  private static final String STORE =
      " redis.call('HSET', KEYS[1], 'checkpoint', ARGV[3]) return 1";

  private static final String WRITE_JSON =
      "local pairs, n = {}, 0"
          + " for k = deletes + 2, #KEYS do pairs[n + 1] = KEYS[k] pairs[n + 2] = ARGV[a]"
          + " a = a + 1 n = n + 2"
          + " if n == 2000 then redis.call('MSET', unpack(pairs, 1, n)) n = 0 end end"
          + " if n > 0 then redis.call('MSET', unpack(pairs, 1, n)) end";

  private static final String WRITE_JSON_TTL =
      "for k = deletes + 2, #KEYS do"
          + " redis.call('SET', KEYS[k], ARGV[a + 1], 'PXAT', ARGV[a]) a = a + 2 end";

  /** Per row: when it expires or 0, how many fields and values follow, then those. */
  private static final String WRITE_HASH =
      "for k = deletes + 2, #KEYS do local n = tonumber(ARGV[a + 1])"
          + " redis.call('DEL', KEYS[k])"
          + " for f = a + 2, a + 1 + n, 2000 do"
          + " redis.call('HSET', KEYS[k], unpack(ARGV, f, math.min(f + 1999, a + 1 + n))) end"
          + " if ARGV[a] ~= '0' then redis.call('PEXPIREAT', KEYS[k], ARGV[a]) end"
          + " a = a + 2 + n end";

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

  byte[] text() {
    return text;
  }

  byte[] sha() {
    return sha;
  }

  /** Appends what the script needs of one row that is written. */
  void addArguments(FoldedRow row, List<byte[]> arguments) {
    byte[] value = Objects.requireNonNull(row.value());
    if (config.value() == SinkConfig.Redis.Value.HASH) {
      arguments.add(expiry(row));
      int countAt = arguments.size();
      arguments.add(new byte[0]);
      addFields(value, jsonNulls(row), arguments);
      arguments.set(countAt, digits(arguments.size() - countAt - 1));
    } else {
      if (!config.ttl().isZero()) {
        arguments.add(expiry(row));
      }
      arguments.add(value);
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

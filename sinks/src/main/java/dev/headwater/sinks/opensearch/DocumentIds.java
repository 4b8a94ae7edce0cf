package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.JsonFields;
import dev.headwater.sinks.TableKeys;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * Names documents after row keys: the value itself where the key is one column, else the key's
 * JSON; the table and a colon in front where several tables share the index.
 *
 * <p>Distinct rows always get distinct ids. What would be longer than OpenSearch's 512 bytes is the
 * SHA-256 of the table and the key. A plain value that is empty, or looks like one of the other
 * forms, is written as JSON instead.
 */
final class DocumentIds {
  private static final int MAX_BYTES = 512;
  private static final String HASHED = "sha256:";

  private final String prefix;

  /**
   * @param shared whether rows of other tables may be in the same index
   */
  DocumentIds(TableId table, boolean shared) {
    this.prefix =
        shared
            ? escape(table.connector())
                + "."
                + escape(table.schema())
                + "."
                + escape(table.name())
                + ":"
            : "";
  }

  private static String escape(String part) {
    return part.replace("%", "%25").replace(".", "%2E").replace(":", "%3A");
  }

  /**
   * The id of a row.
   *
   * @param key its canonical key bytes
   */
  String of(byte[] key) {
    JsonFields fields = new JsonFields(key);
    fields.next();
    byte[] first = fields.text();
    boolean isPlain = !fields.next() && isUnmistakable(first);
    String id = prefix + new String(isPlain ? first : key, UTF_8);
    // A key that is long in characters is not short in bytes.
    if (id.length() > MAX_BYTES || id.getBytes(UTF_8).length > MAX_BYTES) {
      return HASHED + sha256((prefix + "\n").getBytes(UTF_8), key);
    }
    return id;
  }

  /**
   * The key that an id may stand for; the caller makes sure that {@link #of} makes that id of it. A
   * hashed id tells none.
   */
  Optional<byte[]> key(String id, TableSchema schema) {
    if (!id.startsWith(prefix)) {
      return Optional.empty();
    }
    String rest = id.substring(prefix.length());
    if (rest.startsWith("{")) {
      try {
        Map<String, byte[]> texts = new HashMap<>();
        JsonFields fields = new JsonFields(rest.getBytes(UTF_8));
        while (fields.next()) {
          texts.put(new String(fields.name(), UTF_8), fields.text());
        }
        return TableKeys.of(schema).key(texts);
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        // Not JSON: somebody else's id.
        return Optional.empty();
      }
    }
    return schema.key().size() == 1
        ? TableKeys.of(schema).key(Map.of(schema.key().get(0), rest.getBytes(UTF_8)))
        : Optional.empty();
  }

  /** Whether an id is a hash, of which nobody can tell the key. */
  static boolean isHashed(String id) {
    return id.startsWith(HASHED);
  }

  private static boolean isUnmistakable(byte[] value) {
    if (value.length == 0 || value[0] == '{') {
      return false;
    }
    return !new String(value, 0, Math.min(value.length, HASHED.length()), UTF_8).equals(HASHED);
  }

  /** The hash of some bytes, one after another, as 64 digits. */
  static String sha256(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

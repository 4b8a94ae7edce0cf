package dev.headwater.log.topic;

import dev.headwater.log.schema.TableId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The names of the log's topics.
 *
 * <p>A table's topic is {@code <connector>.<schema>.<table>}. Kafka allows letters, digits, dot,
 * underscore and hyphen, and takes dot and underscore for the same in metrics. Distinct tables
 * always get distinct names: every other character of a part, a dot inside a part, and an
 * underscore that would read as the start of an escape become {@code _x<hex of its UTF-8>_}; a name
 * over Kafka's 249 characters is cut and ends in a hash of the whole.
 */
public final class TopicNames {
  public static final String POSITIONS = "__headwater.positions";
  public static final String SCHEMAS = "__headwater.schemas";
  public static final String SNAPSHOTS = "__headwater.snapshots";
  public static final String CONTROL = "__headwater.control";
  public static final String STATUS = "__headwater.status";

  /** Kafka's limit, from org.apache.kafka.common.internals.Topic. */
  private static final int MAX_LENGTH = 249;

  private static final int HASH_CHARS = 32;

  private TopicNames() {}

  /** Where a table's rows are. */
  public static String forTable(TableId table) {
    String name =
        escape(table.connector()) + "." + escape(table.schema()) + "." + escape(table.name());
    if (name.length() <= MAX_LENGTH) {
      return name;
    }
    return name.substring(0, MAX_LENGTH - HASH_CHARS - 1) + "-" + hash(name);
  }

  /** Where a sink keeps the records that its target refused. */
  public static String deadLetters(String sink) {
    return "__headwater.dlq." + sink;
  }

  private static String escape(String part) {
    StringBuilder out = new StringBuilder(part.length());
    for (int i = 0; i < part.length(); ) {
      int c = part.codePointAt(i);
      boolean literal = isPlain(c) && !(c == '_' && readsAsEscape(part, i));
      i += Character.charCount(c);
      if (literal) {
        out.appendCodePoint(c);
      } else {
        byte[] utf8 = utf8(c);
        out.append("_x").append(HexFormat.of().formatHex(utf8)).append('_');
      }
    }
    return out.toString();
  }

  /** UTF-8 has no half of a surrogate pair; such a half keeps its own two bytes, behind a mark. */
  private static byte[] utf8(int c) {
    return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE
        ? new byte[] {(byte) 0xFF, (byte) (c >>> 8), (byte) c}
        : Character.toString(c).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Whether an underscore, left as it is, would start an escape in the finished name: an {@code x},
   * hexadecimal digits, and then an underscore or what becomes an escape, which starts with one.
   */
  private static boolean readsAsEscape(String part, int underscore) {
    int i = underscore + 1;
    if (i >= part.length() || part.charAt(i) != 'x') {
      return false;
    }
    i++;
    int digits = i;
    while (i < part.length() && isHexDigit(part.charAt(i))) {
      i++;
    }
    return i > digits && i < part.length() && (part.charAt(i) == '_' || !isPlain(part.charAt(i)));
  }

  private static boolean isHexDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }

  private static boolean isPlain(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_';
  }

  private static String hash(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, HASH_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

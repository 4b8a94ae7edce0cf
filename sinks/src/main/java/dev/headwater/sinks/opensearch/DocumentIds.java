package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.log.schema.TableId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names documents after row keys: the value itself where the key is one scalar, else the key's
 * JSON.
 *
 * <p>Where several tables share an index the table stands in front. An id longer than OpenSearch's
 * 512 bytes becomes its SHA-256.
 */
final class DocumentIds {
  private static final int MAX_BYTES = 512;

  private DocumentIds() {}

  /** The id as JSON text, quotes and all. */
  static byte[] of(TableId table, byte[] key, boolean sharedIndex) {
    try {
      JsonNode json = SearchClient.json().readTree(key);
      boolean single = json.size() == 1 && json.elements().next().isValueNode();
      String id =
          single ? json.elements().next().asText() : new String(key, StandardCharsets.UTF_8);
      if (sharedIndex) {
        id = table.inSource() + ":" + id;
      }
      byte[] utf8 = id.getBytes(StandardCharsets.UTF_8);
      if (utf8.length > MAX_BYTES || utf8.length == 0) {
        id = "sha256:" + sha256(utf8);
      }
      return SearchClient.json().writeValueAsBytes(id);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

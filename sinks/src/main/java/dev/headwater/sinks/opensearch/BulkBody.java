package dev.headwater.sinks.opensearch;

import dev.headwater.sinks.FoldedRow;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A {@code _bulk} request's body: for each row an action and, unless it is a delete, the row's
 * bytes from the log.
 *
 * <p>Used again for body after body, by one thread.
 */
final class BulkBody {
  private static final byte[] VERSIONED = ascii(",\"version_type\":\"external_gte\",\"version\":");

  private final byte[] index;
  private final byte[] delete;
  private byte[] bytes = new byte[64 << 10];
  private int size;

  /**
   * @param alias the alias that is written through
   */
  BulkBody(String alias) {
    index = ascii("{\"index\":{\"_index\":\"" + alias + "\",\"_id\":");
    delete = ascii("{\"delete\":{\"_index\":\"" + alias + "\",\"_id\":");
  }

  /**
   * Adds a row.
   *
   * @param id the document's id, as JSON text with its quotes
   */
  void add(FoldedRow row, byte[] id) {
    append(row.isDelete() ? delete : index);
    append(id);
    append(VERSIONED);
    append(ascii(Long.toString(row.seq())));
    append(ascii("}}\n"));
    if (row.value() != null) {
      appendLine(row.value());
    }
  }

  int size() {
    return size;
  }

  byte[] bytes() {
    return bytes;
  }

  void reset() {
    size = 0;
  }

  /**
   * A document must be one line. A raw line break in JSON is never inside a string, so it is blank
   * space, and another blank says the same.
   */
  private void appendLine(byte[] document) {
    ensure(document.length + 1);
    for (byte b : document) {
      bytes[size++] = b == '\n' || b == '\r' ? (byte) ' ' : b;
    }
    bytes[size++] = '\n';
  }

  private void append(byte[] part) {
    ensure(part.length);
    System.arraycopy(part, 0, bytes, size, part.length);
    size += part.length;
  }

  private void ensure(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length * 2));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

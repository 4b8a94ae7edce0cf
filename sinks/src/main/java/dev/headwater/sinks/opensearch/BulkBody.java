package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.sinks.FoldedRow;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.http.entity.AbstractHttpEntity;
import org.apache.http.nio.ContentEncoder;
import org.apache.http.nio.IOControl;
import org.apache.http.nio.entity.HttpAsyncContentProducer;

/**
 * The body of one {@code _bulk} request: for each row an action, and unless it is a delete the
 * row's bytes from the log, which are sent from where they are and never copied whole.
 *
 * <p>Filled by one thread, then sent, any number of times.
 */
final class BulkBody extends AbstractHttpEntity implements HttpAsyncContentProducer {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int ACTION_LENGTH = 100;
  private static final byte[] LINE_END = {'\n'};

  private final List<FoldedRow> rows = new ArrayList<>();
  private final List<byte[]> parts = new ArrayList<>();
  private long length;
  private int nextPart;
  private int nextByte;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).flip();

  BulkBody() {
    setContentType("application/x-ndjson");
  }

  /**
   * Adds a row.
   *
   * @param id the document's id
   * @param document the row as one document, on any number of lines; not looked at for a delete
   */
  void add(FoldedRow row, String id, byte[] document) {
    append(action(row, id));
    if (!row.isDelete()) {
      append(onOneLine(document));
      append(LINE_END);
    }
    rows.add(row);
  }

  /**
   * By hand: a format string read anew for every row costs more than all else that is done here.
   */
  private static byte[] action(FoldedRow row, String id) {
    StringBuilder line = new StringBuilder(id.length() + ACTION_LENGTH);
    line.append(row.isDelete() ? "{\"delete\":{\"_id\":" : "{\"index\":{\"_id\":");
    JsonText.quote(id, line);
    line.append(",\"version\":").append(row.seq());
    return line.append(",\"version_type\":\"external_gte\"}}\n").toString().getBytes(UTF_8);
  }

  /**
   * Line breaks end a document here. In valid JSON a raw one is never inside a string, so it is
   * blank space, and another blank says the same.
   */
  static byte[] onOneLine(byte[] document) {
    int at = 0;
    while (at < document.length && !isBreak(document[at])) {
      at++;
    }
    if (at == document.length) {
      return document;
    }
    byte[] line = document.clone();
    for (; at < line.length; at++) {
      line[at] = isBreak(line[at]) ? (byte) ' ' : line[at];
    }
    return line;
  }

  private static boolean isBreak(byte b) {
    return b == '\n' || b == '\r';
  }

  private void append(byte[] part) {
    parts.add(part);
    length += part.length;
  }

  /** The rows in the order of their actions, which is the order of the answer's items. */
  List<FoldedRow> rows() {
    return rows;
  }

  @Override
  public long getContentLength() {
    return length;
  }

  @Override
  public void produceContent(ContentEncoder encoder, IOControl control) throws IOException {
    while (true) {
      if (!chunk.hasRemaining()) {
        fill();
        if (!chunk.hasRemaining()) {
          encoder.complete();
          return;
        }
      }
      if (encoder.write(chunk) == 0) {
        return;
      }
    }
  }

  private void fill() {
    chunk.clear();
    while (chunk.hasRemaining() && nextPart < parts.size()) {
      byte[] part = parts.get(nextPart);
      int bytes = Math.min(chunk.remaining(), part.length - nextByte);
      chunk.put(part, nextByte, bytes);
      nextByte += bytes;
      if (nextByte == part.length) {
        nextPart++;
        nextByte = 0;
      }
    }
    chunk.flip();
  }

  /** The client is done with one attempt to send: the next starts from the beginning. */
  @Override
  public void close() {
    nextPart = 0;
    nextByte = 0;
    chunk.clear().flip();
  }

  @Override
  public boolean isRepeatable() {
    return true;
  }

  @Override
  public boolean isStreaming() {
    return false;
  }

  @Override
  public InputStream getContent() {
    List<InputStream> streams = new ArrayList<>();
    parts.forEach(part -> streams.add(new ByteArrayInputStream(part)));
    return new SequenceInputStream(Collections.enumeration(streams));
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    for (byte[] part : parts) {
      out.write(part);
    }
  }

  /** For messages: how large it is, never what is in it. */
  @Override
  public String toString() {
    return "a bulk of " + rows.size() + " rows";
  }
}

package dev.headwater.log.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A mark that a reader writes into the source's write-ahead log, by {@code
 * pg_logical_emit_message}, to find its read again in the stream: the end of one window, the
 * beginning of another, or both.
 *
 * @param run the capture session the windows belong to; marks of another one mean nothing to it
 * @param high the window that ends here; 0 for none
 * @param low the window that begins here; 0 for none
 */
public record Watermark(String run, long high, long low) {
  /** The messages' prefix. */
  public static final String PREFIX = "headwater.window";

  /** The message's content. */
  public String text() {
    return run + ":" + high + ":" + low;
  }

  /** Reads a message's content; empty if it is not one of ours. */
  public static Optional<Watermark> parse(byte[] content) {
    String[] parts = new String(content, StandardCharsets.UTF_8).split(":", -1);
    try {
      return parts.length == 3
          ? Optional.of(new Watermark(parts[0], Long.parseLong(parts[1]), Long.parseLong(parts[2])))
          : Optional.empty();
    } catch (NumberFormatException e) {
      // Anybody may write messages with our prefix; what is not ours is passed over.
      return Optional.empty();
    }
  }
}

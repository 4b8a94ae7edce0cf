package dev.headwater.sinks.verify;

import dev.headwater.sinks.Content;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hash that contents are compared by; any thread. */
final class ContentHash {
  private static final ThreadLocal<MessageDigest> SHA =
      ThreadLocal.withInitial(
          () -> {
            try {
              return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
              throw new IllegalStateException("every JDK has SHA-256", e);
            }
          });

  private ContentHash() {}

  /** Never {@link Entry#NOTHING}. */
  static long of(Content content) {
    long hash = ByteBuffer.wrap(SHA.get().digest(content.bytes())).getLong();
    return hash == Entry.NOTHING ? 1 : hash;
  }
}

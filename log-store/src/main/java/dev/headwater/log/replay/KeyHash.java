package dev.headwater.log.replay;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * 128 bits that stand for a key: so many that no two keys of a table share them.
 *
 * @param high the first half, by which keys are spread over files
 * @param low the second
 */
public record KeyHash(long high, long low) {
  private static final ThreadLocal<MessageDigest> DIGEST = ThreadLocal.withInitial(KeyHash::digest);

  /** Any thread. */
  public static KeyHash of(byte[] key) {
    ByteBuffer hash = ByteBuffer.wrap(DIGEST.get().digest(key));
    return new KeyHash(hash.getLong(), hash.getLong());
  }

  private static MessageDigest digest() {
    try {
      // Against chance, not against enemies: whoever can choose keys can delete rows anyway.
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has MD5", e);
    }
  }
}

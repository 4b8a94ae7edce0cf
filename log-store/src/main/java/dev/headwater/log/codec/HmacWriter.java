package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** A masked value as the hexadecimal HMAC-SHA-256 of its text, UTC where it has a zone. */
final class HmacWriter implements ValueWriter {
  private static final String ALGORITHM = "HmacSHA256";

  private final Mac mac;
  private final @Nullable ZonedText zoned;

  private HmacWriter(Mac mac, @Nullable ZonedText zoned) {
    this.mac = mac;
    this.zoned = zoned;
  }

  static HmacWriter of(ColumnMask mask, PgType type) {
    String secret =
        mask.secret()
            .orElseThrow(() -> new IllegalArgumentException("hmac-sha256 needs a secret"))
            .reveal();
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), ALGORITHM));
      return new HmacWriter(mac, ZonedText.isTextOf(type) ? new ZonedText() : null);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java lacks " + ALGORITHM, e);
    }
  }

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    if (zoned == null) {
      mac.update(text, from, to - from);
    } else {
      JsonBuffer utc = zoned.convert(text, from, to);
      mac.update(utc.array(), 0, utc.size());
    }
    byte[] hex = Ascii.bytes(HexFormat.of().formatHex(mac.doFinal()));
    out.writeQuoted(hex, 0, hex.length);
  }
}

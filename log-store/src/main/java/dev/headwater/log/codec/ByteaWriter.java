package dev.headwater.log.codec;

import java.util.Arrays;

/**
 * {@code bytea} from PostgreSQL's hexadecimal form to base64 with padding (RFC 4648 section 4).
 *
 * <p>The older escape form is refused: it cannot be told from base64 by whoever reads the log.
 */
final class ByteaWriter implements ValueWriter {
  private static final byte[] BASE64 =
      Ascii.bytes("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  private static final byte[] NIBBLES = nibbles();

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    int digits = to - from - 2;
    if (digits < 0 || digits % 2 != 0 || text[from] != '\\' || text[from + 1] != 'x') {
      throw notHex();
    }
    int length = (digits / 2 + 2) / 3 * 4 + 2;
    int at = out.reserve(length);
    byte[] target = out.array();
    target[at++] = '"';
    int source = from + 2;
    for (; source + 6 <= to; source += 6) {
      int bits = octet(text, source) << 16 | octet(text, source + 2) << 8 | octet(text, source + 4);
      target[at++] = BASE64[bits >> 18];
      target[at++] = BASE64[bits >> 12 & 0x3F];
      target[at++] = BASE64[bits >> 6 & 0x3F];
      target[at++] = BASE64[bits & 0x3F];
    }
    at = writeRest(text, source, to, target, at);
    target[at] = '"';
    out.advance(length);
  }

  private static int writeRest(byte[] text, int source, int to, byte[] target, int start) {
    if (source == to) {
      return start;
    }
    boolean two = to - source == 4;
    int bits = octet(text, source) << 16 | (two ? octet(text, source + 2) << 8 : 0);
    target[start] = BASE64[bits >> 18];
    target[start + 1] = BASE64[bits >> 12 & 0x3F];
    target[start + 2] = two ? BASE64[bits >> 6 & 0x3F] : (byte) '=';
    target[start + 3] = '=';
    return start + 4;
  }

  private static int octet(byte[] text, int at) {
    int value = NIBBLES[text[at] & 0xFF] << 4 | NIBBLES[text[at + 1] & 0xFF];
    if (value < 0) {
      throw notHex();
    }
    return value;
  }

  private static IllegalArgumentException notHex() {
    return new IllegalArgumentException("its text is not bytea in the hex form (bytea_output)");
  }

  private static byte[] nibbles() {
    byte[] nibbles = new byte[256];
    Arrays.fill(nibbles, (byte) -1);
    for (int i = 0; i < 16; i++) {
      nibbles[Character.forDigit(i, 16)] = (byte) i;
      nibbles[Character.toUpperCase(Character.forDigit(i, 16))] = (byte) i;
    }
    return nibbles;
  }
}

package dev.headwater.sinks.postgres;

import java.util.Arrays;

/** Base64 back to PostgreSQL's hexadecimal form of {@code bytea}. */
final class ByteaForm implements TextForm {
  private static final String HEX = "0123456789abcdef";
  private static final byte[] SEXTETS = sextets();

  private final TextBuffer base64 = new TextBuffer();

  @Override
  public void write(JsonCursor json, TextBuffer out) {
    base64.reset();
    json.takeString(base64);
    out.writeAscii("\\x");
    int bits = 0;
    int count = 0;
    for (int i = 0; i < base64.size() && base64.array()[i] != '='; i++) {
      int sextet = SEXTETS[base64.array()[i] & 0xFF];
      if (sextet < 0) {
        throw new IllegalArgumentException("a bytea that is not base64");
      }
      bits = bits << 6 | sextet;
      count += 6;
      if (count >= 8) {
        count -= 8;
        int octet = bits >> count & 0xFF;
        out.write(HEX.charAt(octet >> 4));
        out.write(HEX.charAt(octet & 0xF));
      }
    }
    base64.release();
  }

  private static byte[] sextets() {
    byte[] sextets = new byte[256];
    Arrays.fill(sextets, (byte) -1);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < alphabet.length(); i++) {
      sextets[alphabet.charAt(i)] = (byte) i;
    }
    return sextets;
  }
}

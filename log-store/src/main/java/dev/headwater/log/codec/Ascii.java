package dev.headwater.log.codec;

import java.nio.charset.StandardCharsets;

/** Constants and comparisons of ASCII text in byte arrays. */
final class Ascii {
  private Ascii() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  static boolean equals(byte[] constant, byte[] text, int from, int to) {
    return java.util.Arrays.equals(constant, 0, constant.length, text, from, to);
  }

  static boolean endsWith(byte[] constant, byte[] text, int from, int to) {
    int start = to - constant.length;
    return start >= from && equals(constant, text, start, to);
  }
}

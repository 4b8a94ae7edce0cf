package dev.headwater.log.codec;

/** Checks UTF-8 beyond ASCII, as RFC 3629 section 4 allows it: shortest forms, no surrogates. */
final class Utf8 {
  private Utf8() {}

  /**
   * The end of the sequence that starts at {@code at} with a byte beyond ASCII.
   *
   * @throws IllegalArgumentException if it is not a well-formed sequence that ends by {@code to}
   */
  static int sequenceEnd(byte[] text, int at, int to) {
    int first = text[at] & 0xFF;
    int length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || to - at < length) {
      throw malformed();
    }
    int second = text[at + 1] & 0xFF;
    int lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < lowest || second > highest) {
      throw malformed();
    }
    for (int i = at + 2; i < at + length; i++) {
      if ((text[i] & 0xC0) != 0x80) {
        throw malformed();
      }
    }
    return at + length;
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("its text is not UTF-8");
  }
}

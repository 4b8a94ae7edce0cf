package dev.headwater.log.codec;

import java.util.Random;

/** Random texts made of what is awkward in COPY, arrays, composites and JSON. */
final class Texts {
  private static final String[] PIECES = {
    "a", "7", " ", "", "NULL", "null", "\\", "\"", "\"\"", "\\\\", ",", ";", "{", "}", "(", ")",
    "[", "]", "\t", "\n", "\r", "\b", "\f", "\u000B", "\u0001", "é", "日", "😀", "\\N", "'", "\\x"
  };

  private Texts() {}

  static String random(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(7); i > 0; i--) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }
}

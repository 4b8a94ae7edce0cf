package dev.headwater.benchmarks;

/** The keys of the benchmark's tables, which are one number each. */
final class Keys {
  private Keys() {}

  /** The number in a key of the log, which is JSON with one number. */
  static int number(byte[] key) {
    int number = 0;
    for (byte b : key) {
      number = b >= '0' && b <= '9' ? number * 10 + b - '0' : number;
    }
    return number;
  }
}

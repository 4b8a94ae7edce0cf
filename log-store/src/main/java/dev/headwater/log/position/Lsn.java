package dev.headwater.log.position;

/**
 * A position in PostgreSQL's write-ahead log: an unsigned 64-bit byte address.
 *
 * @param value the address; zero is "no position"
 */
public record Lsn(long value) implements Comparable<Lsn> {
  /** Before everything. */
  public static final Lsn ZERO = new Lsn(0);

  /**
   * Reads PostgreSQL's own form, {@code 16/B374D848}.
   *
   * @throws IllegalArgumentException if the text is not two hexadecimal numbers around a slash
   */
  public static Lsn parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 1 || slash == text.length() - 1) {
      throw new IllegalArgumentException("not an LSN: '" + text + "'; expected e.g. 16/B374D848");
    }
    try {
      long high = Integer.toUnsignedLong(Integer.parseUnsignedInt(text.substring(0, slash), 16));
      long low = Integer.toUnsignedLong(Integer.parseUnsignedInt(text.substring(slash + 1), 16));
      return new Lsn((high << 32) | low);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "not an LSN: '" + text + "'; expected e.g. 16/B374D848", e);
    }
  }

  /** Whether this address lies before the other. */
  public boolean isBefore(Lsn other) {
    return compareTo(other) < 0;
  }

  /** Bytes of write-ahead log from the other address up to this one; negative if it lies ahead. */
  public long bytesSince(Lsn other) {
    return value - other.value;
  }

  @Override
  public int compareTo(Lsn other) {
    return Long.compareUnsigned(value, other.value);
  }

  /** PostgreSQL's own form, {@code 16/B374D848}. */
  @Override
  public String toString() {
    return Long.toHexString(value >>> 32).toUpperCase(java.util.Locale.ROOT)
        + "/"
        + Long.toHexString(value & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
  }
}

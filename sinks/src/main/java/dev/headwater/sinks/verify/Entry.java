package dev.headwater.sinks.verify;

/**
 * One thing known of a name: what a record of the log says of it, or what was found under it.
 *
 * <p>Contents are compared by 64 bits of SHA-256: of a thousand million wrong rows one would be
 * overlooked with a chance of one in eighteen million.
 *
 * @param name the row's name in the place that is verified
 * @param partition which of the verified partitions the record stands in; {@link #FOUND} for what
 *     was found
 * @param offset the record's
 * @param hash of the content; {@link #NOTHING} for a tombstone
 * @param expiresAtMs when it vanishes by itself; 0 for never
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
record Entry(byte[] name, int partition, long offset, long hash, long expiresAtMs) {
  static final int FOUND = -1;
  static final long NOTHING = 0;

  boolean isFound() {
    return partition == FOUND;
  }

  boolean isNothing() {
    return hash == NOTHING;
  }
}

package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;

/** Writes what a masked column shows instead of its values. */
final class MaskWriter {
  private static final byte[] REDACTED = Ascii.bytes("\"***\"");
  private static final byte[] NULL = Ascii.bytes("null");

  private MaskWriter() {}

  /** A writer for one masked column of a type. */
  static ValueWriter of(ColumnMask mask, PgType type) {
    return switch (mask.with()) {
      case REDACT -> (text, from, to, out) -> out.write(REDACTED);
      case NULLIFY -> (text, from, to, out) -> out.write(NULL);
      case HMAC_SHA256 -> HmacWriter.of(mask, type);
    };
  }
}

package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;

/**
 * Text in which {@code timestamptz} values stand inside other structure, such as a {@code
 * tstzrange}: each is converted to UTC, all else stays, so that the text does not depend on the
 * session's zone. Belongs to one thread.
 *
 * <p>Only for types that hold nothing but timestamps: in free text a likeness would be changed.
 */
final class ZonedText implements ValueWriter {
  private final UtcTimestamp utc = new UtcTimestamp();
  private final JsonBuffer converted = new JsonBuffer();

  /** Whether values of a type are timestamps with a zone, or arrays or ranges of them. */
  static boolean isTextOf(PgType type) {
    PgType element = type.element();
    return element == null ? type.name().equals("timestamptz") : isTextOf(element);
  }

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    convert(text, from, to);
    out.writeString(converted.array(), 0, converted.size());
  }

  /** The converted text, valid until the next call. */
  JsonBuffer convert(byte[] text, int from, int to) {
    converted.reset();
    int at = from;
    while (at < to) {
      int end = Ascii.isDigit(text[at]) ? utc.parse(text, at, to) : -1;
      if (end >= 0) {
        utc.appendTo(converted);
        at = end;
      } else {
        converted.write(text[at++]);
      }
    }
    return converted;
  }
}

package dev.headwater.log.codec;

/** PostgreSQL's own text as a JSON string. */
final class TextWriter implements ValueWriter {
  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    out.writeString(text, from, to);
  }
}

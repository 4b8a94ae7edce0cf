package dev.headwater.log.codec;

/** {@code t} and {@code f} as JSON's {@code true} and {@code false}. */
final class BooleanWriter implements ValueWriter {
  private static final byte[] TRUE = Ascii.bytes("true");
  private static final byte[] FALSE = Ascii.bytes("false");

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    if (to - from == 1 && text[from] == 't') {
      out.write(TRUE);
    } else if (to - from == 1 && text[from] == 'f') {
      out.write(FALSE);
    } else {
      out.writeString(text, from, to);
    }
  }
}

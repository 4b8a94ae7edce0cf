package dev.headwater.log.codec;

/**
 * Turns the PostgreSQL text of a value of one type into its JSON form. {@link ValueWriters} makes
 * them.
 *
 * <p>May keep room to work in between calls, so each belongs to one thread.
 */
public interface ValueWriter {
  /**
   * Appends one value that is not NULL.
   *
   * @param text holds the value's text in UTF-8; never changed
   * @param from where the text begins
   * @param to where it ends, exclusive
   * @param out receives one complete JSON value
   * @throws IllegalArgumentException if the text is not UTF-8, or not what the type prints where no
   *     string could tell it from another value; what was appended until then is garbage
   */
  void write(byte[] text, int from, int to, JsonBuffer out);
}

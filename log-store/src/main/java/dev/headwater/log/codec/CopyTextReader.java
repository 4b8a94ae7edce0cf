package dev.headwater.log.codec;

import static dev.headwater.log.codec.EightBytes.HIGH_BITS;
import static dev.headwater.log.codec.EightBytes.LOW_BITS;

/**
 * Takes lines of {@code COPY … TO STDOUT} (text format, default delimiter and NULL) apart.
 *
 * <p>Values are slices of the line's own array: a line is un-escaped in place, since no value grows
 * by it. Belongs to one thread; a line's values are valid until the next line.
 */
public final class CopyTextReader {
  private static final byte[] NO_LINE = {};

  private final int[] froms;
  private final int[] tos;
  private byte[] line = NO_LINE;

  /** For lines of a fixed number of columns. */
  public CopyTextReader(int columns) {
    this.froms = new int[columns];
    this.tos = new int[columns];
  }

  /**
   * Takes one line apart, whose array it changes.
   *
   * @param text holds the line
   * @param from where it begins
   * @param to where it ends, exclusive; a line feed at its end is left out
   * @throws IllegalArgumentException if the line has another number of columns
   */
  public void read(byte[] text, int from, int to) {
    line = text;
    int end = to > from && text[to - 1] == '\n' ? to - 1 : to;
    int delimiter = from - 1;
    int column = 0;
    while (column < froms.length && delimiter != end) {
      delimiter = readColumn(column++, delimiter + 1, end);
    }
    boolean complete = froms.length == 0 ? end == from : delimiter == end;
    if (column != froms.length || !complete) {
      throw new IllegalArgumentException(
          "COPY line has another number of columns than the " + froms.length + " expected");
    }
  }

  /** Lets go of the line, whose values are gone with it. */
  public void release() {
    line = NO_LINE;
  }

  /** Gives the line's values to an encoder whose columns are the line's, in the same order. */
  public void writeTo(RowEncoder row) {
    row.start();
    for (int i = 0; i < froms.length; i++) {
      if (isNull(i)) {
        row.nullValue(i);
      } else {
        row.value(i, line, froms[i], tos[i]);
      }
    }
  }

  /** Whether a column is NULL; it then has no slice. */
  public boolean isNull(int column) {
    return tos[column] < froms[column];
  }

  /** The array all slices lie in. */
  public byte[] array() {
    return line;
  }

  /** Where a column's text begins. */
  public int from(int column) {
    return froms[column];
  }

  /** Where a column's text ends, exclusive. */
  public int to(int column) {
    return tos[column];
  }

  /** Reads one column and returns where its delimiter stands, or the line's end. */
  private int readColumn(int column, int from, int end) {
    byte[] text = line;
    int at = plainEnd(text, from, end);
    froms[column] = from;
    tos[column] = at;
    if (at == end || text[at] == '\t') {
      return at;
    }
    if (at == from && isNullMark(from, end)) {
      tos[column] = from - 1;
      return from + 2;
    }
    return unescape(column, at, end);
  }

  /** Where the first tab or backslash stands, or the line's end. */
  private static int plainEnd(byte[] text, int from, int end) {
    int at = from;
    for (; at + Long.BYTES <= end; at += Long.BYTES) {
      long special = special(EightBytes.of(text, at));
      if (special != 0) {
        return at + EightBytes.firstOf(special);
      }
    }
    while (at < end && text[at] != '\t' && text[at] != '\\') {
      at++;
    }
    return at;
  }

  /** Marks each of eight bytes that is a tab or a backslash. */
  private static long special(long word) {
    long tab = word ^ (LOW_BITS * '\t');
    long backslash = word ^ (LOW_BITS * '\\');
    return ((tab - LOW_BITS & ~tab) | (backslash - LOW_BITS & ~backslash)) & HIGH_BITS;
  }

  private boolean isNullMark(int at, int end) {
    return at + 1 < end && line[at + 1] == 'N' && (at + 2 == end || line[at + 2] == '\t');
  }

  /** Goes on from the first backslash, moving the text after it to the left. */
  private int unescape(int column, int firstBackslash, int end) {
    byte[] text = line;
    int to = firstBackslash;
    int at = firstBackslash;
    while (at < end && text[at] != '\t') {
      byte b = text[at++];
      if (b == '\\' && at < end) {
        b = unescaped(text[at++]);
      }
      text[to++] = b;
    }
    tos[column] = to;
    return at;
  }

  /** PostgreSQL writes these and the bare backslash (CopyAttributeOutText). */
  private static byte unescaped(byte escaped) {
    return switch (escaped) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'v' -> 0x0B;
      default -> escaped;
    };
  }
}

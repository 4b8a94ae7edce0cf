package dev.headwater.capture;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's text of some of a row's columns, by their index in the table's schema.
 *
 * <p>Arrays are shared, never changed. Belongs to the batch's thread.
 */
final class ColumnTexts {
  private static final byte[] SQL_NULL = {};

  private final byte[] @Nullable [] texts;
  private int bytes;

  ColumnTexts(int columns) {
    this.texts = new byte[columns][];
  }

  /** Whether the column's value is known, NULL included. */
  boolean has(int column) {
    return texts[column] != null;
  }

  boolean isNull(int column) {
    return texts[column] == SQL_NULL;
  }

  /** The text of a column that {@link #has} one and is not NULL. */
  byte[] text(int column) {
    return Objects.requireNonNull(texts[column]);
  }

  /** Sets a column that has nothing yet. */
  void set(int column, byte[] text) {
    texts[column] = text;
    bytes += text.length;
  }

  void setNull(int column) {
    texts[column] = SQL_NULL;
  }

  /** Takes over what the other has of a column, if it has anything. */
  void take(int column, ColumnTexts other) {
    if (other.has(column)) {
      set(column, other.text(column));
    }
  }

  /** Size of all texts. */
  int bytes() {
    return bytes;
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.sinks.Content;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns the JSON object of one row, or of one key, into the PostgreSQL text of each column. Used
 * for row after row by one thread; what it holds is valid until the next row.
 */
final class RowText {
  private static final int ABSENT = -2;
  private static final int NULL = -1;

  private final List<ColumnSchema> columns;
  private final byte[][] names;
  private final TextForm[] forms;
  private final int[] froms;
  private final int[] tos;
  private final JsonCursor json = new JsonCursor();
  private final TextBuffer text = new TextBuffer();

  /** For objects with these columns, expected in this order, found in any. */
  RowText(List<ColumnSchema> columns, EnumLabels labels) {
    this.columns = columns;
    this.names = new byte[columns.size()][];
    this.forms = new TextForm[columns.size()];
    this.froms = new int[columns.size()];
    this.tos = new int[columns.size()];
    for (int i = 0; i < forms.length; i++) {
      names[i] = MemberNames.withColon(columns.get(i).name());
      forms[i] = TextForms.forType(columns.get(i).type(), labels);
    }
  }

  /**
   * Reads one object.
   *
   * @param nulls the record's {@code nulls} header
   * @throws IllegalArgumentException if it is not an object of just these columns
   */
  void read(byte[] object, Optional<String> nulls) {
    Set<String> notNull = nulls.map(MemberNames::parseArray).orElse(Set.of());
    text.reset();
    json.start(object);
    Arrays.fill(froms, ABSENT);
    json.expect('{');
    int members = 0;
    if (!json.take('}')) {
      do {
        json.peek();
        int column = takeName(members);
        if (froms[column] != ABSENT) {
          throw new IllegalArgumentException("a column stands in it twice");
        }
        readValue(column, notNull);
        members++;
      } while (json.take(','));
      json.expect('}');
    }
    if (members != forms.length) {
      throw new IllegalArgumentException(
          "it holds " + members + " of the " + forms.length + " columns of its schema version");
    }
  }

  /** Lets go of what the row took, if that is much. */
  void release() {
    json.release();
    text.release();
  }

  boolean isNull(int column) {
    return froms[column] == NULL;
  }

  /** A column's text as a string; not for NULL. */
  String string(int column) {
    return text.string(froms[column], tos[column]);
  }

  /** Adds a column to a row that is compared. */
  void addTo(Content.Columns row, byte[] name, int column) {
    if (froms[column] == NULL) {
      row.add(name, null);
    } else {
      row.add(name, text.array(), froms[column], tos[column]);
    }
  }

  /** Appends a column as COPY's text format wants it, NULL included. */
  void writeCopy(int column, TextBuffer out) {
    if (froms[column] == NULL) {
      out.writeAscii("\\N");
    } else {
      out.writeCopyEscaped(text.array(), froms[column], tos[column]);
    }
  }

  private int takeName(int expected) {
    if (expected < names.length && json.takeBytes(names[expected])) {
      return expected;
    }
    for (int i = 0; i < names.length; i++) {
      if (json.takeBytes(names[i])) {
        return i;
      }
    }
    throw new IllegalArgumentException("it holds a column its schema version does not have");
  }

  private void readValue(int column, Set<String> notNull) {
    boolean mayBeNull = notNull.isEmpty() || !notNull.contains(columns.get(column).name());
    if (mayBeNull && json.takeNull()) {
      froms[column] = NULL;
      return;
    }
    froms[column] = text.size();
    forms[column].write(json, text);
    tos[column] = text.size();
  }
}

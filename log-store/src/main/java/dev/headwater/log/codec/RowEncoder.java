package dev.headwater.log.codec;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns one table's rows, given as PostgreSQL's text of their values, into the log's canonical key
 * and value bytes. The same row always gives the same bytes, whichever session read it.
 *
 * <p>Belongs to one thread and is used for row after row: {@link #start()}, then each column once
 * in schema order through {@link #value} or {@link #nullValue}, then {@link #row()}, {@link #key()}
 * and {@link #nulls()} in any order. For an old row of which only the key is known, columns outside
 * the key may be left out, and only {@link #key()} asked for.
 */
public final class RowEncoder {
  private static final byte[] NULL = Ascii.bytes("null");
  private static final int ABSENT = -1;

  private final TableSchema schema;
  private final byte[][] names;
  private final ValueWriter[] writers;
  private final boolean[] isJson;
  private final int[] key;
  private final KeyForm[] keyForms;
  private final int[] froms;
  private final int[] tos;
  private final boolean[] isNull;
  private final BitSet jsonNulls = new BitSet();
  private final JsonBuffer row = new JsonBuffer();
  private final JsonBuffer keyBuffer = new JsonBuffer();
  private int next;
  private int present;
  private boolean isClosed;

  /**
   * Encodes rows of one schema version.
   *
   * @param masksByColumn the masks of this table's columns by column name; names the schema does
   *     not have are passed over
   * @throws HeadwaterException CONFIGURATION_INVALID if a key column is masked so that two rows
   *     would share a key
   */
  public RowEncoder(TableSchema schema, Map<String, ColumnMask> masksByColumn) {
    this.schema = schema;
    int columns = schema.columns().size();
    this.names = new byte[columns][];
    this.writers = new ValueWriter[columns];
    this.isJson = new boolean[columns];
    this.key = schema.keyIndexes();
    this.keyForms =
        Arrays.stream(key)
            .mapToObj(column -> KeyForm.of(schema.columns().get(column)))
            .toArray(KeyForm[]::new);
    this.froms = new int[columns];
    this.tos = new int[columns];
    this.isNull = new boolean[columns];
    for (int i = 0; i < columns; i++) {
      ColumnSchema column = schema.columns().get(i);
      ColumnMask mask = masksByColumn.get(column.name());
      names[i] = JsonNames.withColon(column.name());
      if (mask == null) {
        writers[i] = ValueWriters.forType(column.type());
        isJson[i] = ValueWriters.isJson(column.type());
      } else {
        requireMaskable(column.name(), mask);
        writers[i] = MaskWriter.of(mask, column.type());
      }
    }
  }

  /** Begins a row and forgets the one before. */
  public void start() {
    row.reset();
    row.write('{');
    Arrays.fill(froms, ABSENT);
    jsonNulls.clear();
    next = 0;
    present = 0;
    isClosed = false;
  }

  /** Forgets the row, and gives back the memory of a huge one; {@link #start} is next. */
  public void release() {
    row.release();
    keyBuffer.release();
    isClosed = false;
    present = 0;
  }

  /**
   * Adds one value that is not NULL.
   *
   * @param column its index among the schema's columns; higher than the last one added
   * @param text holds the value's text as PostgreSQL printed it, in UTF-8
   * @param from where the text begins
   * @param to where it ends, exclusive
   * @throws HeadwaterException CHANGE_NOT_WRITABLE if no JSON value can hold it; the row is lost
   */
  public void value(int column, byte[] text, int from, int to) {
    beginColumn(column);
    int begin = row.size();
    try {
      writers[column].write(text, from, to, row);
    } catch (IllegalArgumentException e) {
      throw notWritable(column, e.getMessage(), e);
    }
    froms[column] = begin;
    tos[column] = row.size();
    isNull[column] = false;
    if (isJson[column] && JsonWriter.isNull(text, from, to)) {
      jsonNulls.set(column);
    }
  }

  /** Adds a NULL; {@code column} as for {@link #value}. */
  public void nullValue(int column) {
    beginColumn(column);
    froms[column] = row.size();
    row.write(NULL);
    tos[column] = row.size();
    isNull[column] = true;
  }

  /**
   * The row as one JSON object of all columns in schema order: a new array of the caller's own.
   *
   * @throws IllegalStateException if a column has not been given
   */
  public byte[] row() {
    return rowBuffer().toByteArray();
  }

  /** As {@link #row()}, in a buffer that is to be read only, and only until the next row. */
  public JsonBuffer rowBuffer() {
    if (present != writers.length) {
      throw new IllegalStateException(
          "Row of " + schema.table() + " has " + present + " of " + writers.length + " columns");
    }
    if (!isClosed) {
      row.write('}');
      isClosed = true;
    }
    return row;
  }

  /**
   * The key as one JSON object of the key columns in key order: a new array of the caller's own.
   * Numbers that PostgreSQL takes for equal are the same bytes ({@link KeyForm}).
   *
   * @throws IllegalStateException if a key column has not been given
   * @throws HeadwaterException CHANGE_NOT_WRITABLE if a key column is NULL
   */
  public byte[] key() {
    return keyBuffer().toByteArray();
  }

  /** As {@link #key()}, in a buffer that is to be read only, and only until the next key. */
  public JsonBuffer keyBuffer() {
    keyBuffer.reset();
    for (int i = 0; i < key.length; i++) {
      int column = key[i];
      if (froms[column] == ABSENT) {
        throw new IllegalStateException(
            "Row of " + schema.table() + " lacks its key column '" + name(column) + "'");
      }
      if (isNull[column]) {
        throw notWritable(column, "it is part of the key, and NULL in a row", null);
      }
      keyBuffer.write(i == 0 ? '{' : ',');
      keyBuffer.write(names[column]);
      keyForms[i].write(row, froms[column], tos[column], keyBuffer);
    }
    keyBuffer.write('}');
    return keyBuffer;
  }

  /**
   * The names of the columns whose JSON value is {@code null} while SQL's is not, as a JSON array
   * of strings: the {@code nulls} header. Null, and no header, if there are none.
   */
  public @Nullable String nulls() {
    return jsonNulls.isEmpty()
        ? null
        : JsonNames.array(jsonNulls.stream().mapToObj(this::name).toList());
  }

  private void beginColumn(int column) {
    if (column < next) {
      throw new IllegalStateException("Column " + column + " comes after column " + (next - 1));
    }
    if (present > 0) {
      row.write(',');
    }
    row.write(names[column]);
    next = column + 1;
    present++;
  }

  private void requireMaskable(String column, ColumnMask mask) {
    if (schema.key().contains(column) && mask.with() != ColumnMask.Method.HMAC_SHA256) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "Column '%s' of table '%s' – is part of the key, and masked with %s all rows would share one"
              .formatted(column, schema.table(), mask.with()),
          "Mask key columns with hmac-sha256, which keeps different values apart.");
    }
  }

  private HeadwaterException notWritable(int column, String reason, @Nullable Throwable cause) {
    return new HeadwaterException(
        FailureCode.CHANGE_NOT_WRITABLE,
        "Column '%s' of table '%s' – a value cannot be written to the log: %s"
            .formatted(name(column), schema.table(), reason),
        "Correct the value in the source, or leave the column out with columns.exclude.",
        cause);
  }

  private String name(int column) {
    return schema.columns().get(column).name();
  }
}

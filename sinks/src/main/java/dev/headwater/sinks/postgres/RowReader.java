package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FoldedRow;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows written with one schema version as rows of the replica's table: a column the version
 * does not have is NULL, one the table no longer has is passed over. Belongs to one thread.
 */
final class RowReader {
  private final RowText row;
  private final RowText key;
  private final int[] places;
  private final int keyColumns;

  RowReader(ReplicaTable table, TableSchema version, EnumLabels labels) {
    List<ColumnSchema> keySchema =
        table.key().stream().map(name -> version.columns().get(version.indexOf(name))).toList();
    this.row = new RowText(version.columns(), labels);
    this.key = new RowText(keySchema, labels);
    this.places = table.placesIn(version);
    this.keyColumns = keySchema.size();
  }

  /**
   * Appends one line of COPY: the whole row, or of a deleted one its key.
   *
   * @throws IllegalArgumentException if the record is not what its schema says
   */
  void writeCopyLine(FoldedRow folded, TextBuffer out) {
    byte[] value = folded.value();
    int columns = value == null ? keyColumns : places.length;
    RowText text = read(folded, value);
    for (int i = 0; i < columns; i++) {
      if (i > 0) {
        out.write('\t');
      }
      int place = value == null ? i : places[i];
      if (place < 0) {
        out.writeAscii("\\N");
      } else {
        text.writeCopy(place, out);
      }
    }
    out.write('\n');
    text.release();
  }

  /** The same as strings, null for NULL. */
  @Nullable String[] strings(FoldedRow folded) {
    byte[] value = folded.value();
    RowText text = read(folded, value);
    @Nullable String[] strings = new String[value == null ? keyColumns : places.length];
    for (int i = 0; i < strings.length; i++) {
      int place = value == null ? i : places[i];
      strings[i] = place < 0 || text.isNull(place) ? null : text.string(place);
    }
    text.release();
    return strings;
  }

  private RowText read(FoldedRow folded, byte @Nullable [] value) {
    RowText text = value == null ? key : row;
    text.read(value == null ? folded.key() : value, folded.nulls());
    return text;
  }
}

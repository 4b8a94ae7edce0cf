package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicInfo;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Encodes the row images of one table, in one version of its definition.
 *
 * <p>Lives from one RELATION message to the next; used by the batch's thread alone. {@link #key},
 * {@link #row} and {@link #nulls} speak of the row encoded last.
 */
final class TableWriter {
  private final TableSchema schema;
  private final TopicInfo topic;
  private final RowEncoder encoder;

  /** For each column of the schema, where the messages' images have it. */
  private final int[] columnInTuple;

  private final int[] keyColumnsInTableOrder;
  private final Relation relation;
  private boolean schemaWritten;

  /**
   * @param relation the definition that the messages' images follow
   * @param columnInTuple for each column of the schema, where the messages' images have it
   */
  TableWriter(
      Relation relation,
      TableSchema schema,
      TopicInfo topic,
      RowEncoder encoder,
      int[] columnInTuple,
      boolean schemaWritten) {
    this.relation = relation;
    this.schema = schema;
    this.topic = topic;
    this.encoder = encoder;
    this.columnInTuple = columnInTuple;
    this.keyColumnsInTableOrder = Arrays.stream(schema.keyIndexes()).sorted().toArray();
    this.schemaWritten = schemaWritten;
  }

  /** How the source's catalog knows the table. */
  int relationOid() {
    return relation.oid();
  }

  /** The type that a column of the schema had when the change was written. */
  int typeOid(int column) {
    return relation.columns().get(columnInTuple[column]).typeOid();
  }

  TableSchema schema() {
    return schema;
  }

  TopicInfo topic() {
    return topic;
  }

  /** Whether the log has this version of the schema, or will have it with this transaction. */
  boolean isSchemaWritten() {
    return schemaWritten;
  }

  void schemaWritten() {
    schemaWritten = true;
  }

  /**
   * Encodes a whole row.
   *
   * @param newRow its image
   * @param oldRow the old image, which may have out-of-line values that did not change; or null
   * @param known further such values, or null
   */
  void encode(Tuple newRow, @Nullable Tuple oldRow, @Nullable ColumnTexts known) {
    encoder.start();
    for (int column = 0; column < columnInTuple.length; column++) {
      int from = columnInTuple[column];
      if (newRow.hasText(from)) {
        encoder.value(column, newRow.bytes(), newRow.start(from), newRow.end(from));
      } else if (newRow.isNull(from)) {
        encoder.nullValue(column);
      } else if (oldRow != null && oldRow.hasText(from)) {
        encoder.value(column, oldRow.bytes(), oldRow.start(from), oldRow.end(from));
      } else if (known != null && known.has(column)) {
        encodeKnown(column, known);
      } else {
        throw notSent(column);
      }
    }
  }

  private void encodeKnown(int column, ColumnTexts known) {
    if (known.isNull(column)) {
      encoder.nullValue(column);
    } else {
      byte[] text = known.text(column);
      encoder.value(column, text, 0, text.length);
    }
  }

  /** The columns that neither the images nor what is known have a value for, in ascending order. */
  int[] missing(Tuple newRow, @Nullable Tuple oldRow, @Nullable ColumnTexts known) {
    return IntStream.range(0, columnInTuple.length)
        .filter(
            column -> {
              int from = columnInTuple[column];
              return newRow.isUnchangedToast(from)
                  && !(oldRow != null && oldRow.hasText(from))
                  && !(known != null && known.has(column));
            })
        .toArray();
  }

  /**
   * The large values of a row, with those it keeps from the image before: what a later image may
   * leave out.
   *
   * @param atLeast how many bytes of text make a value large
   * @return null when there are none
   */
  @Nullable ColumnTexts largeValues(
      Tuple newRow, @Nullable Tuple oldRow, @Nullable ColumnTexts before, int atLeast) {
    ColumnTexts large = null;
    for (int column = 0; column < columnInTuple.length; column++) {
      int from = columnInTuple[column];
      boolean kept = newRow.isUnchangedToast(from);
      Tuple image = kept ? oldRow : newRow;
      boolean there = image != null && image.hasText(from);
      if (kept || (there && newRow.end(from) - newRow.start(from) >= atLeast)) {
        large = large == null ? new ColumnTexts(columnInTuple.length) : large;
        if (there) {
          large.set(column, Arrays.copyOfRange(image.bytes(), image.start(from), image.end(from)));
        } else if (before != null) {
          large.take(column, before);
        }
      }
    }
    return large;
  }

  /** The texts of the key's columns in key order, as the images have them. */
  String[] keyTexts(Tuple newRow, @Nullable Tuple oldRow) {
    return Arrays.stream(schema.keyIndexes())
        .mapToObj(
            column -> {
              int from = columnInTuple[column];
              Tuple image = imageOf(column, newRow, oldRow);
              int length = image.end(from) - image.start(from);
              return new String(image.bytes(), image.start(from), length, UTF_8);
            })
        .toArray(String[]::new);
  }

  byte[] key() {
    return encoder.key();
  }

  byte[] row() {
    return encoder.row();
  }

  @Nullable String nulls() {
    return encoder.nulls();
  }

  /** The row is in the log: gives back the memory of a huge one. */
  void release() {
    encoder.release();
  }

  /** The key of an old image, of which only the replica identity's columns need be there. */
  byte[] keyOf(Tuple row) {
    return keyOf(row, null);
  }

  /** The key of an image, with what it leaves out taken from the old one. */
  byte[] keyOf(Tuple row, @Nullable Tuple oldRow) {
    encoder.start();
    for (int column : keyColumnsInTableOrder) {
      int from = columnInTuple[column];
      Tuple image = imageOf(column, row, oldRow);
      encoder.value(column, image.bytes(), image.start(from), image.end(from));
    }
    return encoder.key();
  }

  private Tuple imageOf(int keyColumn, Tuple row, @Nullable Tuple oldRow) {
    int from = columnInTuple[keyColumn];
    if (row.hasText(from)) {
      return row;
    }
    if (row.isUnchangedToast(from) && oldRow != null && oldRow.hasText(from)) {
      return oldRow;
    }
    throw new HeadwaterException(
        FailureCode.CHANGE_NOT_WRITABLE,
        "connector '"
            + schema.table().connector()
            + "' – a change of "
            + schema.table().inSource()
            + " came without its key column '"
            + schema.columns().get(keyColumn).name()
            + "'",
        "The replica identity must cover the key: ALTER TABLE … REPLICA IDENTITY DEFAULT, or"
            + " FULL where 'keys' names other columns than the primary key's.");
  }

  private HeadwaterException notSent(int column) {
    return new HeadwaterException(
        FailureCode.SOURCE_INCONSISTENT,
        "connector '"
            + schema.table().connector()
            + "' – a change of "
            + schema.table().inSource()
            + " came without a value of column '"
            + schema.columns().get(column).name()
            + "'",
        "Nothing was written. Report this with the server's version.");
  }
}

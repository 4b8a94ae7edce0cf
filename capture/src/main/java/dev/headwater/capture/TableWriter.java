package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Tuple;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicInfo;
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

  private final int[] keyColumns;
  private boolean schemaWritten;

  TableWriter(
      TableSchema schema,
      TopicInfo topic,
      RowEncoder encoder,
      int[] columnInTuple,
      boolean schemaWritten) {
    this.schema = schema;
    this.topic = topic;
    this.encoder = encoder;
    this.columnInTuple = columnInTuple;
    this.keyColumns = schema.keyIndexes();
    this.schemaWritten = schemaWritten;
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
   * @param oldRow the full old image, which has the out-of-line values that did not change; or null
   */
  void encode(Tuple newRow, @Nullable Tuple oldRow) {
    encoder.start();
    for (int column = 0; column < columnInTuple.length; column++) {
      int from = columnInTuple[column];
      Tuple image = newRow;
      if (newRow.isUnchangedToast(from)) {
        if (oldRow == null || oldRow.isUnchangedToast(from)) {
          throw unchangedToast(column);
        }
        image = oldRow;
      }
      if (image.isNull(from)) {
        encoder.nullValue(column);
      } else {
        encoder.value(column, image.bytes(), image.start(from), image.end(from));
      }
    }
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

  /** The key of an old image, of which only the replica identity's columns need be there. */
  byte[] keyOf(Tuple oldRow) {
    encoder.start();
    for (int column : keyColumns) {
      int from = columnInTuple[column];
      if (oldRow.isNull(from)) {
        throw new HeadwaterException(
            FailureCode.CHANGE_NOT_WRITABLE,
            "connector '"
                + schema.table().connector()
                + "' – a change of "
                + schema.table().inSource()
                + " came without its key column '"
                + schema.columns().get(column).name()
                + "'",
            "The replica identity must cover the key: ALTER TABLE … REPLICA IDENTITY DEFAULT, or"
                + " FULL where 'keys' names other columns than the primary key's.");
      }
      encoder.value(column, oldRow.bytes(), oldRow.start(from), oldRow.end(from));
    }
    return encoder.key();
  }

  private HeadwaterException unchangedToast(int column) {
    return new HeadwaterException(
        FailureCode.CHANGE_NOT_WRITABLE,
        "connector '"
            + schema.table().connector()
            + "' – an update of "
            + schema.table().inSource()
            + " left the large value of column '"
            + schema.columns().get(column).name()
            + "' as it was, and PostgreSQL does not send such a value again",
        "Capture stops rather than write a row without it. Set ALTER TABLE "
            + schema.table().inSource()
            + " REPLICA IDENTITY FULL for changes from now on, and load the table again.");
  }
}

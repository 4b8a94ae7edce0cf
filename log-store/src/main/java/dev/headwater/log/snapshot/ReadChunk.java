package dev.headwater.log.snapshot;

import dev.headwater.log.schema.TableSchema;

/**
 * Rows of one table, read and encoded, on their way into the log.
 *
 * @param schema how they are encoded; they go into the log only while it is the table's latest
 * @param rows the rows
 * @param ending what becomes of them
 */
public record ReadChunk(TableSchema schema, ChunkRows rows, Ending ending) {
  /** Told what becomes of a chunk. On the stream's thread: nothing here may wait. */
  public interface Ending {
    /**
     * Whether the rows are still asked for; if not, they are dropped, and {@link #readAgain} said.
     */
    boolean isWanted();

    /**
     * The rows have been appended, in a transaction of the log's that is still open.
     *
     * @param appended how many were; the others had been changed since
     * @return the table's state for {@code __headwater.snapshots}, written with the rows
     */
    byte[] appended(int appended);

    /** The transaction is committed. */
    void inTheLog();

    /** Nothing was appended: the chunk must be read again, in a new window. */
    void readAgain();
  }
}

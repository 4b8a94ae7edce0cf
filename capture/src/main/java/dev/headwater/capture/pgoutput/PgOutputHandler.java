package dev.headwater.capture.pgoutput;

import dev.headwater.log.position.Lsn;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Told of each message by {@link PgOutputReader}, in stream order, on the reader's thread.
 *
 * <p>Every method that counts as an event of a transaction carries the LSN the server sent it with;
 * that LSN is not unique and not ordered across events.
 */
public interface PgOutputHandler {
  /**
   * A transaction begins.
   *
   * @param commitLsn start of its commit record: names the transaction
   * @param commitTimeMicros when it committed, microseconds since the Unix epoch
   * @param xid its 32-bit id, unsigned
   */
  void begin(Lsn commitLsn, long commitTimeMicros, long xid);

  /**
   * The transaction ends.
   *
   * @param endLsn end of its commit record, exclusive
   */
  void commit(Lsn commitLsn, Lsn endLsn);

  /** A table's definition, as it holds for the changes that follow. Not an event. */
  void relation(Relation relation);

  /** A row was inserted. */
  void insert(Lsn lsn, int relationOid, Tuple newRow);

  /**
   * A row was updated.
   *
   * @param oldRow the old image, or null when the replica identity did not change
   * @param oldIsKeyOnly whether the old image holds the replica identity's columns only
   */
  void update(Lsn lsn, int relationOid, @Nullable Tuple oldRow, boolean oldIsKeyOnly, Tuple newRow);

  /** A row was deleted. */
  void delete(Lsn lsn, int relationOid, Tuple oldRow, boolean oldIsKeyOnly);

  /** Tables were truncated by one statement. */
  void truncate(Lsn lsn, List<Integer> relationOids);

  /**
   * A message written by {@code pg_logical_emit_message}.
   *
   * @param transactional whether it belongs to the running transaction; otherwise it is a unit of
   *     its own, which ends at its LSN
   * @param messageLsn the message's own LSN: the end of its WAL record
   */
  void message(Lsn lsn, boolean transactional, Lsn messageLsn, String prefix, byte[] content);
}

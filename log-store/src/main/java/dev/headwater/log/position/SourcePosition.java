package dev.headwater.log.position;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the log stands in the source: what it holds wholly, and how far into the next transaction.
 *
 * <p>Written in the same Kafka transaction as the rows it stands for, so that log and position
 * never disagree. A <em>unit</em> is one transaction, or one non-transactional message; PostgreSQL
 * sends units in the order of their commit (or message) records, never nested.
 *
 * @param source the history the LSNs belong to
 * @param endLsn end of the last unit that is wholly in the log, exclusive: the first byte after its
 *     commit record. Every unit whose commit record starts before it is in the log, none after
 * @param running the transaction whose first events are in the log while its rest is not; null when
 *     the log stands between two units
 * @param seq the last sequence number given to a record; the next record carries one more
 * @param delivered 32-bit ids, unsigned, of transactions that are in the log and were not yet known
 *     to be visible to reads of the source: a transaction is streamed when its commit is in the
 *     WAL, and a read that begins later may still not see it
 */
public record SourcePosition(
    SourceIdentity source,
    Lsn endLsn,
    @Nullable RunningTransaction running,
    long seq,
    List<Long> delivered) {
  public SourcePosition {
    delivered = List.copyOf(delivered);
  }

  /** A position where every delivered transaction is known to be visible. */
  public SourcePosition(
      SourceIdentity source, Lsn endLsn, @Nullable RunningTransaction running, long seq) {
    this(source, endLsn, running, seq, List.of());
  }

  /**
   * The part of a transaction that is in the log.
   *
   * @param commitLsn start of its commit record, which names it (pgoutput's BEGIN carries it)
   * @param xid its 32-bit transaction id, unsigned
   * @param events how many of its events are handled, counted as pgoutput sends them, before any
   *     filter of ours; at least 1
   * @param lastEventLsn the LSN pgoutput gave the last of them: a fingerprint, not an order
   */
  public record RunningTransaction(Lsn commitLsn, long xid, long events, Lsn lastEventLsn) {}

  /** A position at a unit's end. */
  public static SourcePosition atEnd(SourceIdentity source, Lsn endLsn, long seq) {
    return new SourcePosition(source, endLsn, null, seq);
  }

  /** The running transaction, if the log stands inside one. */
  public Optional<RunningTransaction> runningTransaction() {
    return Optional.ofNullable(running);
  }
}

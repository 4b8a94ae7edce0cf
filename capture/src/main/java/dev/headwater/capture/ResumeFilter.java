package dev.headwater.capture;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides for each event that PostgreSQL sends whether the log has it already, and keeps the
 * position that stands for what has been passed on.
 *
 * <p><b>Why this is exact.</b> PostgreSQL sends <em>units</em> (a transaction, or a
 * non-transactional message) in the order of their commit (or message) records, never nested, and
 * starts with the first unit whose record starts at or after the slot's confirmed position. A
 * unit's end is the end of that record, so for units u1, u2, … {@code start(u1) < end(u1) <=
 * start(u2) < …}. BEGIN carries start(u), COMMIT carries end(u), and a message carries its end.
 *
 * <p>The stored position says: the log holds exactly all units that end at or before E, and the
 * first n events of the unit that starts at C (if it stands inside one). Hence
 *
 * <ul>
 *   <li>a unit with {@code start < E} is in the log wholly and is skipped: had it ended after E it
 *       would overlap the unit that ends at E;
 *   <li>a unit with {@code start >= E} is not in the log but for the first n events of the one that
 *       starts at C. Since that one was the next unit after E when the position was written, it is
 *       the first such unit again, or the source's history is another one and we stop;
 *   <li>nothing is missing, because the confirmed position never passes E ({@link SourceGuard}
 *       checks that before each session), so every unit with {@code start >= E} is sent, from its
 *       BEGIN.
 * </ul>
 *
 * <p>The number and order of a unit's events depend on the WAL and the historic catalog alone; the
 * LSN of the n-th is compared as a fingerprint. Event LSNs, transaction ids and commit times order
 * nothing: rows of one COPY share an LSN, and an older LSN may well commit later.
 *
 * <p>Belongs to the thread that handles batches.
 */
final class ResumeFilter {
  private enum Mode {
    /** Between two units. */
    BETWEEN,
    /** Inside a unit that is wholly in the log. */
    SKIP_UNIT,
    /** Inside the unit whose first events are in the log, among those. */
    SKIP_EVENTS,
    /** Inside a unit, at events that are new. */
    NEW
  }

  private final String connector;
  private Lsn endLsn;
  private @Nullable RunningTransaction resumeAt;

  private Mode mode = Mode.BETWEEN;
  private Lsn commitLsn = Lsn.ZERO;
  private long xid;
  private long events;
  private Lsn lastEventLsn = Lsn.ZERO;

  ResumeFilter(String connector, SourcePosition position) {
    this.connector = connector;
    this.endLsn = position.endLsn();
    this.resumeAt = position.running();
  }

  /** A transaction begins. */
  void begin(Lsn transactionCommitLsn, long transactionXid) {
    if (mode != Mode.BETWEEN) {
      throw inconsistent("a transaction began inside another");
    }
    commitLsn = transactionCommitLsn;
    xid = transactionXid;
    events = 0;
    if (transactionCommitLsn.isBefore(endLsn)) {
      mode = Mode.SKIP_UNIT;
    } else if (resumeAt == null) {
      mode = Mode.NEW;
    } else {
      requireSameTransaction(resumeAt);
      mode = Mode.SKIP_EVENTS;
    }
  }

  private void requireSameTransaction(RunningTransaction expected) {
    if (!expected.commitLsn().equals(commitLsn) || expected.xid() != xid) {
      throw inconsistent(
          "expected the rest of transaction "
              + expected.xid()
              + " committed at "
              + expected.commitLsn()
              + ", found transaction "
              + xid
              + " committed at "
              + commitLsn);
    }
  }

  /** Counts an event of the running transaction; true when the log does not have it yet. */
  boolean isNew(Lsn eventLsn) {
    switch (mode) {
      case NEW -> {
        events++;
        lastEventLsn = eventLsn;
        return true;
      }
      case SKIP_UNIT -> {
        return false;
      }
      case SKIP_EVENTS -> {
        skip(eventLsn);
        return false;
      }
      case BETWEEN -> throw inconsistent("a change arrived outside a transaction");
    }
    throw new AssertionError(mode);
  }

  /** Whether the next event of the running transaction is one that the log does not have. */
  boolean isAtNewEvents() {
    return mode == Mode.NEW;
  }

  private void skip(Lsn eventLsn) {
    RunningTransaction expected = java.util.Objects.requireNonNull(resumeAt);
    events++;
    lastEventLsn = eventLsn;
    if (events == expected.events()) {
      if (!eventLsn.equals(expected.lastEventLsn())) {
        throw inconsistent(
            "event "
                + events
                + " of transaction "
                + xid
                + " stands at "
                + eventLsn
                + ", in the log at "
                + expected.lastEventLsn());
      }
      resumeAt = null;
      mode = Mode.NEW;
    }
  }

  /** The running transaction ends. */
  void commit(Lsn transactionEndLsn) {
    switch (mode) {
      case NEW -> advance(transactionEndLsn);
      case SKIP_UNIT -> {
        if (endLsn.isBefore(transactionEndLsn)) {
          throw inconsistent(
              "a transaction ends at " + transactionEndLsn + ", over the log's " + endLsn);
        }
      }
      case SKIP_EVENTS ->
          throw inconsistent(
              "transaction " + xid + " has " + events + " events, fewer than the log has of it");
      case BETWEEN -> throw inconsistent("a transaction ended that had not begun");
    }
    mode = Mode.BETWEEN;
    events = 0;
  }

  /** A non-transactional message; true when the log's position does not cover it yet. */
  boolean isNewMessage(Lsn messageEndLsn) {
    if (mode != Mode.BETWEEN) {
      throw inconsistent("a non-transactional message arrived inside a transaction");
    }
    if (messageEndLsn.compareTo(endLsn) <= 0) {
      return false;
    }
    if (resumeAt != null) {
      throw inconsistent(
          "a message at " + messageEndLsn + " came before the rest of a running transaction");
    }
    advance(messageEndLsn);
    return true;
  }

  private void advance(Lsn unitEndLsn) {
    if (unitEndLsn.compareTo(endLsn) <= 0) {
      throw inconsistent("unit ends do not rise: " + unitEndLsn + " after " + endLsn);
    }
    endLsn = unitEndLsn;
  }

  /** End of the last unit passed on wholly: the position's E, and what may be acknowledged. */
  Lsn endLsn() {
    return endLsn;
  }

  /** How far into the running transaction events have been passed on. */
  Optional<RunningTransaction> running() {
    if (mode == Mode.NEW && events > 0) {
      return Optional.of(new RunningTransaction(commitLsn, xid, events, lastEventLsn));
    }
    return Optional.ofNullable(resumeAt);
  }

  private HeadwaterException inconsistent(String what) {
    return new HeadwaterException(
        FailureCode.SOURCE_INCONSISTENT,
        "connector '" + connector + "' – the source contradicts the log: " + what,
        "Nothing was written. If the database was restored or replaced, its tables must be loaded"
            + " again under a new slot.");
  }
}

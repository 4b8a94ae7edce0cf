package dev.headwater.capture;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds one session to the source for as long as capture streams, and vouches that the slot is the
 * one the log's position speaks of.
 *
 * <p>Shared memory of the server lives at least as long as this session; so if the slot's confirmed
 * position is the same when the first change arrives as it was when it was checked, the slot was
 * neither dropped, made anew nor moved in between. The session also holds an advisory lock, so that
 * a second capture of the same connector waits outside.
 */
final class SourceGuard implements AutoCloseable {
  /** Ours among advisory locks: "headwatr" as bytes, mixed with the slot's name. */
  private static final long LOCK_SPACE = 0x6865616477617472L;

  private static final Logger LOG = LoggerFactory.getLogger(SourceGuard.class);

  private final CaptureConfig config;
  private final Connection connection;

  SourceGuard(CaptureConfig config) {
    this.config = config;
    this.connection = SourceConnection.open(config);
  }

  Connection connection() {
    return connection;
  }

  /** Takes the connector's lock; false when another session has it. */
  boolean tryLock() {
    return query("SELECT pg_try_advisory_lock(?)", lockKey(), rs -> rs.getBoolean(1));
  }

  /**
   * Ends the session that holds the lock: a former capture's, which can write nothing any more. To
   * be called only behind the log's fence.
   */
  void endFormerOwner() {
    end(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            + " AND (classid::bigint << 32 | objid::bigint) = ? AND pid <> pg_backend_pid()",
        lockKey());
  }

  /**
   * Ends the session that streams from the slot, as {@link #endFormerOwner} does: the server would
   * notice that its client is gone only after {@code wal_sender_timeout}.
   */
  void endFormerStream() {
    end(
        "SELECT active_pid FROM pg_replication_slots WHERE active_pid IS NOT NULL"
            + " AND slot_name = ?::name",
        config.slot().name());
  }

  private void end(String pids, Object parameter) {
    String sql = "SELECT pid, pg_terminate_backend(pid) FROM (" + pids + ") s(pid)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, parameter);
      try (ResultSet rs = statement.executeQuery()) {
        while (rs.next()) {
          LOG.atInfo()
              .addKeyValue("connector", config.name())
              .addKeyValue("backend", rs.getInt(1))
              .log("a former capture's session was ended");
        }
      }
    } catch (SQLException e) {
      if (!"42501".equals(e.getSQLState())) {
        throw SourceConnection.refused(config, e);
      }
      // It is another role's session. The server ends it by itself once its client is gone.
      LOG.atDebug()
          .addKeyValue("connector", config.name())
          .setCause(e)
          .log("a former capture's session may not be ended");
    }
  }

  private long lockKey() {
    return LOCK_SPACE ^ config.slot().name().hashCode();
  }

  /** Which history the server has now. */
  SourceIdentity identity() {
    return query(
        // The control file tells the timeline of the last checkpoint; a WAL file's name, the one
        // now.
        "SELECT s.system_identifier::text,"
            + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,"
            + " current_database() FROM pg_control_system() s WHERE ? IS NOT NULL",
        1L,
        rs ->
            new SourceIdentity(
                rs.getString(1),
                rs.getInt(2),
                rs.getString(3),
                config.slot().name(),
                config.publication()));
  }

  /** What {@code pg_replication_slots} says of the slot; empty when there is none. */
  Optional<SlotState> slot() {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT plugin, database, active_pid, confirmed_flush_lsn::text, restart_lsn::text,"
                + " wal_status, pg_current_wal_lsn()::text"
                + " FROM pg_replication_slots WHERE slot_name = ?")) {
      statement.setString(1, config.slot().name());
      try (ResultSet rs = statement.executeQuery()) {
        return rs.next() ? Optional.of(SlotState.read(rs)) : Optional.empty();
      }
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  /**
   * Waits until nobody streams from the slot any more, having ended whoever does: to be called only
   * behind the log's fence.
   */
  SlotState awaitInactive(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    endFormerStream();
    while (true) {
      SlotState slot = slot().orElseThrow(this::slotMissing);
      if (slot.activePid().isEmpty()) {
        return slot;
      }
      if (System.nanoTime() > deadline) {
        throw new HeadwaterException(
            FailureCode.SOURCE_UNREACHABLE,
            "connector '"
                + config.name()
                + "' – slot '"
                + config.slot().name()
                + "' is in use by the server process "
                + slot.activePid().getAsInt(),
            "Another program streams from it. If it is dead: SELECT pg_terminate_backend("
                + slot.activePid().getAsInt()
                + ").");
      }
      Thread.sleep(100);
    }
  }

  /**
   * Refuses a database that is not the one the log speaks of: another server, or another database.
   */
  void requireSameDatabase(SourcePosition position) {
    SourceIdentity now = identity();
    SourceIdentity stored = position.source();
    if (!now.systemIdentifier().equals(stored.systemIdentifier())
        || !now.database().equals(stored.database())) {
      throw new HeadwaterException(
          FailureCode.SOURCE_GAP,
          "connector '"
              + config.name()
              + "' – the log stands in system "
              + stored.systemIdentifier()
              + ", database "
              + stored.database()
              + "; this is system "
              + now.systemIdentifier()
              + ", database "
              + now.database(),
          "Check 'url'. If the database was moved on purpose, give the connector another name: its"
              + " tables are loaded into topics of their own.");
    }
  }

  /**
   * Why changes could be missing between the log and the slot; empty when none can.
   *
   * @param slot the slot, which nobody streams from; empty when there is none
   */
  Optional<String> gap(SourcePosition position, Optional<SlotState> slot) {
    String named = "slot '" + config.slot().name() + "' ";
    if (slot.isEmpty()) {
      return Optional.of(named + "is gone");
    }
    if (slot.get().isLost()) {
      return Optional.of(named + "was invalidated (wal_status lost)");
    }
    if (position.endLsn().isBefore(slot.get().confirmedFlush())) {
      return Optional.of(
          named
              + "stands at "
              + slot.get().confirmedFlush()
              + ", past the log's "
              + position.endLsn()
              + ": changes between were never captured");
    }
    if (slot.get().currentWal().isBefore(position.endLsn())) {
      return Optional.of(
          "the server's WAL ends at "
              + slot.get().currentWal()
              + ", before the log's "
              + position.endLsn()
              + ": it was restored or failed over");
    }
    return otherTimeline(position);
  }

  /**
   * A promoted server has the log's history up to where it left the former timeline; what the log
   * holds of that timeline beyond is of no server any more.
   */
  private Optional<String> otherTimeline(SourcePosition position) {
    int stored = position.source().timeline();
    int now = identity().timeline();
    if (stored == now) {
      return Optional.empty();
    }
    Optional<Lsn> left = TimelineHistory.leftAt(config, stored, now);
    boolean isShared = left.isPresent() && position.endLsn().compareTo(left.get()) <= 0;
    return isShared
        ? Optional.empty()
        : Optional.of(
            "the server is on timeline "
                + now
                + ", which left the log's timeline "
                + stored
                + left.map(lsn -> " at " + lsn).orElse(" never")
                + ", before the log's "
                + position.endLsn());
  }

  /** Confirms, once changes arrive, that they come from the slot as it was checked. */
  void requireStill(Lsn confirmedFlush) {
    SlotState slot = slot().orElseThrow(this::slotMissing);
    if (slot.activePid().isEmpty() || !slot.confirmedFlush().equals(confirmedFlush)) {
      throw new HeadwaterException(
          FailureCode.SOURCE_UNREACHABLE,
          "connector '"
              + config.name()
              + "' – slot '"
              + config.slot().name()
              + "' changed while capture started",
          "Nothing was written. Capture checks again and goes on by itself.");
    }
  }

  /** The slot went away while a session relied on it; the next session begins anew. */
  private HeadwaterException slotMissing() {
    return new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        "connector '" + config.name() + "' – slot '" + config.slot().name() + "' is gone",
        "Somebody dropped it. Capture makes a new one and loads the tables again.");
  }

  private interface Reader<T> {
    T read(ResultSet rs) throws SQLException;
  }

  private <T> T query(String sql, long parameter, Reader<T> reader) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, parameter);
      try (ResultSet rs = statement.executeQuery()) {
        rs.next();
        return reader.read(rs);
      }
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  @Override
  public void close() {
    SourceConnection.closeQuietly(connection, "guard");
  }
}

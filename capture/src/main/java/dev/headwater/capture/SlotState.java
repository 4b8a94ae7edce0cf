package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalInt;

/**
 * What the server says of a replication slot.
 *
 * @param plugin its output plugin
 * @param database the database it belongs to
 * @param activePid the server process that streams from it, if one does
 * @param confirmedFlush up to where changes were acknowledged
 * @param restart from where WAL is kept for it
 * @param walStatus whether that WAL is still there: reserved, extended, unreserved, lost
 * @param currentWal where the server's WAL ends now
 */
public record SlotState(
    String plugin,
    String database,
    OptionalInt activePid,
    Lsn confirmedFlush,
    Lsn restart,
    String walStatus,
    Lsn currentWal) {

  static SlotState read(ResultSet rs) throws SQLException {
    int pid = rs.getInt("active_pid");
    OptionalInt activePid = rs.wasNull() ? OptionalInt.empty() : OptionalInt.of(pid);
    return new SlotState(
        text(rs, "plugin"),
        text(rs, "database"),
        activePid,
        lsn(rs, "confirmed_flush_lsn"),
        lsn(rs, "restart_lsn"),
        text(rs, "wal_status"),
        lsn(rs, "pg_current_wal_lsn"));
  }

  /** Whether the server has thrown away WAL that the slot needs. */
  public boolean isLost() {
    return walStatus.equals("lost");
  }

  /** Bytes of WAL that the server keeps for this slot. */
  public long retainedBytes() {
    return currentWal.bytesSince(restart);
  }

  private static String text(ResultSet rs, String column) throws SQLException {
    String value = rs.getString(column);
    return value == null ? "" : value;
  }

  private static Lsn lsn(ResultSet rs, String column) throws SQLException {
    String value = rs.getString(column);
    return value == null ? Lsn.ZERO : Lsn.parse(value);
  }
}

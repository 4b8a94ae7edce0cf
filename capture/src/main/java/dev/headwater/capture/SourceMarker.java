package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** A mark in the source's write-ahead log, behind all that was committed when it was written. */
public final class SourceMarker {
  private SourceMarker() {}

  /** Whether a message is one that somebody waits for; a heartbeat's is empty. */
  static boolean isMark(String prefix, byte[] content) {
    return prefix.equals(Heartbeat.PREFIX) && content.length > 0;
  }

  /**
   * Writes a mark as a heartbeat does, so that the log's position passes it though nothing else is
   * written; nothing is written to any table.
   *
   * @return where it lies: a log whose position is there or beyond has every earlier commit
   * @throws dev.headwater.log.failure.HeadwaterException if the source cannot be reached or refuses
   */
  public static Lsn write(CaptureConfig config) {
    try (Connection connection = SourceConnection.open(config);
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT pg_logical_emit_message(false, '"
                    + Heartbeat.PREFIX
                    + "', 'mark')::text")) {
      row.next();
      return Lsn.parse(row.getString(1));
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }
}

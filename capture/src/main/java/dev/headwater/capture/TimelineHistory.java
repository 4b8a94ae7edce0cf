package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.PGProperty;

/**
 * Where a server left the timelines before its own: what it has in common with the server that was
 * promoted before it.
 */
final class TimelineHistory {
  private TimelineHistory() {}

  /**
   * Up to where the server's history is that of an earlier timeline; empty when it never was.
   *
   * @param now the server's timeline
   */
  static Optional<Lsn> leftAt(CaptureConfig config, int timeline, int now) {
    Properties properties = SourceConnection.properties(config);
    PGProperty.REPLICATION.set(properties, "database");
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "12");
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    try (Connection walsender =
            DriverManager.getConnection(SourceConnection.jdbcUrl(config), properties);
        Statement statement = walsender.createStatement();
        ResultSet rs = statement.executeQuery("TIMELINE_HISTORY " + now)) {
      return rs.next() ? find(rs.getString(2), timeline) : Optional.empty();
    } catch (SQLException e) {
      // A history file that is gone tells of nothing in common.
      if ("58P01".equals(e.getSQLState())) {
        return Optional.empty();
      }
      throw SourceConnection.refused(config, e);
    }
  }

  /** Lines of a timeline, a tab, the LSN where it was left, a tab, and why. */
  static Optional<Lsn> find(String history, int timeline) {
    return history
        .lines()
        .map(line -> line.split("\t", -1))
        .filter(fields -> fields.length >= 2 && fields[0].strip().equals("" + timeline))
        .map(fields -> Lsn.parse(fields[1].strip()))
        .findFirst();
  }
}

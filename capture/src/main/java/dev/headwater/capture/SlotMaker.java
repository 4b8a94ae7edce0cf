package dev.headwater.capture;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a connector's replication slot. */
final class SlotMaker {
  private static final Logger LOG = LoggerFactory.getLogger(SlotMaker.class);

  private final CaptureConfig config;
  private final Connection connection;

  SlotMaker(CaptureConfig config, Connection connection) {
    this.config = config;
    this.connection = connection;
  }

  /**
   * Makes the slot; waits, as PostgreSQL does, until every transaction that is running has ended.
   * From PostgreSQL 17 on it is one that a standby keeps a copy of, if it is set up to
   * (sync_replication_slots), so that capture can go on after a failover.
   *
   * @return from where it sends: units whose commit record starts there or later
   */
  Lsn create() {
    try (PreparedStatement statement = connection.prepareStatement(sql())) {
      statement.setString(1, config.slot().name());
      try (ResultSet rs = statement.executeQuery()) {
        rs.next();
        Lsn start = Lsn.parse(rs.getString(1));
        LOG.atInfo()
            .addKeyValue("slot", config.slot().name())
            .addKeyValue("lsn", start)
            .log("replication slot created");
        return start;
      }
    } catch (SQLException e) {
      if ("42501".equals(e.getSQLState())) {
        throw new HeadwaterException(
            FailureCode.SOURCE_NOT_READY,
            "connector '"
                + config.name()
                + "' – user '"
                + config.user()
                + "' may not create a replication slot: "
                + SourceConnection.firstLine(e),
            "ALTER ROLE \"" + config.user() + "\" REPLICATION;",
            e);
      }
      throw SourceConnection.refused(config, e);
    }
  }

  private String sql() throws SQLException {
    boolean hasFailover = connection.getMetaData().getDatabaseMajorVersion() >= 17;
    return "SELECT lsn::text FROM pg_create_logical_replication_slot(?, 'pgoutput'"
        + (hasFailover ? ", failover => true)" : ")");
  }
}

package dev.headwater.capture;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoadJson;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins anew where changes between the log and the slot are lost: with a new slot, from which on
 * every change is streamed, and with every table loaded again, keys that are gone deleted.
 *
 * <p><b>Cut short anywhere</b>, it is begun again: first the log says, in one transaction, that the
 * tables are to be loaded and that it stands nowhere. Any slot is past that position, so the next
 * session finds a gap, until the new slot's start is in the log. A position that was kept instead
 * could, once the server's WAL has grown over it, be taken for one that the new slot covers.
 *
 * <p>Used by the session's thread, behind the log's fence and with the connector's lock.
 */
final class GapRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(GapRecovery.class);

  private final CaptureConfig config;
  private final SourceGuard guard;
  private final LogAppender appender;

  GapRecovery(CaptureConfig config, SourceGuard guard, LogAppender appender) {
    this.config = config;
    this.guard = guard;
    this.appender = appender;
  }

  /**
   * Makes the new slot.
   *
   * @param tables those that may miss changes, as {@code connector.schema.table}: all that were
   *     ever loaded, also such as are not captured now and may be again
   * @param gap what is wrong, for people
   * @return the position from which it streams
   */
  SourcePosition run(Collection<String> tables, String gap) {
    LOG.atError()
        .addKeyValue("connector", config.name())
        .addKeyValue("gap", gap)
        .addKeyValue("tables", tables.size())
        .log("changes were lost; a new slot is made and all tables are loaded again");
    SourceIdentity source = guard.identity();
    byte[] wanted = TableLoadJson.write(TableLoad.wanted("gap: " + gap, null));
    tables.forEach(table -> appender.appendSnapshotState(table, wanted));
    appender.commit(source, Lsn.ZERO, null);
    dropSlot();
    Lsn start = new SlotMaker(config, guard.connection()).create();
    appender.commit(source, start, null);
    return SourcePosition.atEnd(source, start, appender.seq());
  }

  private void dropSlot() {
    try (PreparedStatement drop =
        guard
            .connection()
            .prepareStatement(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    + " WHERE slot_name = ?")) {
      drop.setString(1, config.slot().name());
      drop.executeQuery().close();
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }
}

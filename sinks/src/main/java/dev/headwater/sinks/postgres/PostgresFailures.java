package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.sql.SQLException;

/** The driver's exceptions as ways of failing that workers know, by SQLSTATE. */
final class PostgresFailures {
  private PostgresFailures() {}

  static HeadwaterException translate(SinkConfig.Postgres config, SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String reason = reason(e);
    String who = "sink '" + config.name() + "' – PostgreSQL at " + config.url();
    if (state.equals("28P01") || state.equals("28000")) {
      return notReady(
          who + " refused us: " + reason, "Check 'user' and 'password' of the sink.", e);
    }
    if (state.equals("3D000")) {
      return notReady(
          who + ": the database does not exist", "Make it: createdb, or mend the sink's 'url'.", e);
    }
    if (state.equals("42501")) {
      return notReady(
          who + " does not permit it: " + reason,
          "GRANT CREATE ON DATABASE … TO " + config.user().orElse("the sink's user") + ";",
          e);
    }
    if (state.startsWith("22") || state.startsWith("23")) {
      return new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          who + " refused a row (" + state + "): " + reason,
          "The batch was rolled back; nothing was skipped. Look for constraints, triggers or"
              + " columns on the replica's table that Headwater did not make.",
          e);
    }
    if (state.startsWith("42")) {
      return notReady(
          who + " is not as it was made (" + state + "): " + reason,
          "Something changed the replica's tables. Drop them and the sink's rows in"
              + " headwater.checkpoint to build them again.",
          e);
    }
    return new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        who + " does not take writes: " + reason,
        "The sink waits and tries again. Check that the server is up.",
        e);
  }

  private static HeadwaterException notReady(String message, String hint, SQLException e) {
    return new HeadwaterException(FailureCode.TARGET_NOT_READY, message, hint, e);
  }

  /** The server's first line, which never holds a row's values; details may. */
  private static String reason(SQLException e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse(message).trim();
  }
}

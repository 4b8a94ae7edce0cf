package dev.headwater.capture.debezium;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.SQLException;

/** What ends an engine, as ways of failing that the worker knows. */
final class SourceFailures {
  private SourceFailures() {}

  static HeadwaterException translate(String connector, Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof HeadwaterException known) {
        return known;
      }
    }
    Throwable root = error;
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      root = cause;
      if (cause instanceof SQLException) {
        break;
      }
    }
    // The check before each start tells what must be mended by hand; what ends a session that had
    // passed it is a connection that broke, and trying again from the log's position is right.
    return new HeadwaterException(
        FailureCode.SOURCE_UNREACHABLE,
        "connector '" + connector + "' – the replication stream ended: " + root.getMessage(),
        "Capture goes on by itself from the log's position once the database answers.",
        error);
  }
}

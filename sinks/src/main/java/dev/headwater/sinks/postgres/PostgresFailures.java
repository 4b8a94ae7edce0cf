package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Turns what JDBC throws into what a worker acts on, once, by SQLSTATE (PostgreSQL documentation,
 * appendix A).
 *
 * <p>The server's own words are passed on only where they cannot hold a row's values: an error
 * about data quotes the value, so it is told by its code alone and its exception is dropped.
 */
final class PostgresFailures {
  private final String sink;
  private final String grants;

  /**
   * For one sink.
   *
   * @param grants the SQL that gives the sink's role what it needs
   */
  PostgresFailures(String sink, String grants) {
    this.sink = sink;
    this.grants = grants;
  }

  /**
   * A failure outside any one record.
   *
   * @param doing what was being done, as the end of a sentence: {@code making table "a"."b"}
   */
  HeadwaterException of(SQLException e, String doing) {
    SQLException telling = telling(e);
    FailureCode code = code(telling);
    if (code == FailureCode.RECORD_REFUSED) {
      // No record is being written here, so what refuses is the target as it is set up.
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "Sink '%s' – failed %s: SQLSTATE %s".formatted(sink, doing, telling.getSQLState()),
          hint(telling));
    }
    return new HeadwaterException(
        code,
        "Sink '%s' – failed %s: %s".formatted(sink, doing, words(telling)),
        code == FailureCode.TARGET_UNREACHABLE ? "It is tried again by itself." : hint(telling),
        e);
  }

  /** A failure to send data to the server. */
  HeadwaterException of(IOException e, String doing) {
    return new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        "Sink '%s' – failed %s: the connection broke".formatted(sink, doing),
        "It is tried again by itself.",
        e);
  }

  /** Whether a failure speaks of the data sent, not of the server or how it is set up. */
  static boolean isAboutData(SQLException e) {
    return code(telling(e)) == FailureCode.RECORD_REFUSED;
  }

  /** Whether a server that is well refused: for the data, or for how its tables are. */
  static boolean isAboutTarget(SQLException e) {
    FailureCode code = code(telling(e));
    return code == FailureCode.RECORD_REFUSED || code == FailureCode.TARGET_NOT_READY;
  }

  /** Why data was refused, without any of it: the SQLSTATE, its class, the constraint if any. */
  static String reason(SQLException e) {
    SQLException telling = telling(e);
    String state = telling.getSQLState();
    String reason =
        switch (state.substring(0, 2)) {
          case "21" -> "two of its keys are one key in the replica";
          case "22" -> "a value does not fit its column's type";
          case "23" -> "a constraint is violated";
          default -> "a limit of PostgreSQL is exceeded";
        };
    if (telling instanceof PSQLException fromServer) {
      ServerErrorMessage message = fromServer.getServerErrorMessage();
      if (message != null && message.getConstraint() != null) {
        reason += " (" + message.getConstraint() + ")";
      } else if (message != null && message.getColumn() != null) {
        reason += " (column " + message.getColumn() + ")";
      }
    }
    return "SQLSTATE " + state + ", " + reason;
  }

  private static FailureCode code(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String sort = state.length() < 2 ? "" : state.substring(0, 2);
    return switch (state) {
      // Deadlock, serialization, lock and statement time-outs, sessions ended by the server.
      case "40001", "40P01", "40003", "55P03", "55006", "57014", "25P03", "57P05" ->
          FailureCode.TARGET_UNREACHABLE;
      default ->
          switch (sort) {
            // No SQLSTATE: the pool or the driver gave up before a server answered.
            case "", "08", "53", "57", "58" -> FailureCode.TARGET_UNREACHABLE;
            case "21", "22", "23", "54" -> FailureCode.RECORD_REFUSED;
            default -> FailureCode.TARGET_NOT_READY;
          };
    };
  }

  private String hint(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return switch (state) {
      case "42501" -> "Let an owner of the database run: " + grants;
      case "25006" -> "Point the sink's url at the primary: this server takes no writes.";
      case "3D000" -> "Create the database, or correct the sink's url.";
      case "28P01", "28000" -> "Correct the sink's user and password, or the server's pg_hba.conf.";
      case "3F000", "42P01", "42703", "42704", "42P10" ->
          "Something of the replica was dropped or altered by hand: restart the sink, which makes "
              + "missing tables again, or rebuild it.";
      default -> "Correct the target as PostgreSQL's message says, then restart the sink.";
    };
  }

  /** The first exception of the chain that carries a SQLSTATE; a pool wraps the driver's. */
  private static SQLException telling(SQLException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof PSQLException fromDriver && fromDriver.getSQLState() != null) {
        return fromDriver;
      }
      if (t instanceof SQLException sql
          && sql.getNextException() instanceof PSQLException next
          && next.getSQLState() != null) {
        return next;
      }
    }
    return e;
  }

  private static String words(SQLException e) {
    if (e instanceof PSQLException fromServer) {
      ServerErrorMessage message = fromServer.getServerErrorMessage();
      if (message != null && message.getMessage() != null) {
        return message.getMessage();
      }
    }
    return String.valueOf(e.getMessage());
  }
}

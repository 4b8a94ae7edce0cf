package dev.headwater.snapshot;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What ends a read, as ways of failing that the worker knows. The only reader of SQLSTATEs here.
 */
final class SnapshotFailures {
  private final String connector;

  SnapshotFailures(String connector) {
    this.connector = connector;
  }

  HeadwaterException translate(TableId table, Exception error) {
    SQLException sql = rootOf(error);
    String state = sql == null || sql.getSQLState() == null ? "" : sql.getSQLState();
    return switch (state) {
      case "42P01", "3F000" ->
          failure(
              FailureCode.SOURCE_NOT_READY,
              table,
              "does not exist in the source",
              "Create the table, or take it out of 'tables' of connector '" + connector + "'.",
              error);
      case "42703" ->
          failure(
              FailureCode.SOURCE_INCONSISTENT,
              table,
              "lost a column: " + firstLine(sql, error),
              "The table was altered in the meantime: start again, its new schema is read then.",
              error);
      case "42501" ->
          failure(
              FailureCode.SOURCE_NOT_READY,
              table,
              "may not be read: " + firstLine(sql, error),
              "As its owner: GRANT USAGE on the schema and SELECT on the table to the connector's"
                  + " user. If it has row-level security, the user needs BYPASSRLS as well.",
              error);
      case "57014" ->
          failure(
              FailureCode.SOURCE_NOT_READY,
              table,
              "the server ended the read: " + firstLine(sql, error),
              "Reading a whole table takes its time: ALTER ROLE … SET statement_timeout = 0 for the"
                  + " connector's user.",
              error);
      case "28P01", "28000", "3D000" ->
          failure(
              FailureCode.SOURCE_NOT_READY,
              table,
              "the database refused the connector's user: " + firstLine(sql, error),
              "Check 'url', 'user' and 'password' of connector '"
                  + connector
                  + "', and the server's pg_hba.conf.",
              error);
      default -> other(table, state, sql, error);
    };
  }

  /**
   * Connection trouble, a server that shuts down or has no room, and conflicts pass by themselves;
   * whatever else the server says does not.
   */
  private HeadwaterException other(
      TableId table, String state, @Nullable SQLException sql, Exception error) {
    boolean passes =
        state.isEmpty()
            || state.startsWith("08")
            || state.startsWith("57P")
            || state.startsWith("53")
            || state.startsWith("40")
            || state.equals("55P03");
    return failure(
        passes ? FailureCode.SOURCE_UNREACHABLE : FailureCode.SOURCE_NOT_READY,
        table,
        "reading it failed: " + firstLine(sql, error),
        passes
            ? "The read starts again by itself once the database answers."
            : "The server's log says more about SQLSTATE " + state + ".",
        error);
  }

  private static HeadwaterException failure(
      FailureCode code, TableId table, String what, String hint, Exception cause) {
    return new HeadwaterException(code, "Table '" + table + "' – " + what, hint, cause);
  }

  /** The pool wraps what the driver said when it could not connect. */
  private static @Nullable SQLException rootOf(Throwable error) {
    SQLException root = null;
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && sql.getSQLState() != null) {
        root = sql;
      }
    }
    return root;
  }

  /** The first line of what an exception says. */
  static String firstLine(SQLException error) {
    return firstLine(error, error);
  }

  /** The server's details come on further lines and may hold values. */
  private static String firstLine(@Nullable SQLException sql, Exception error) {
    Throwable told = sql == null ? error : sql;
    String message = told.getMessage() == null ? told.toString() : told.getMessage();
    return message.lines().findFirst().orElse(message).strip();
  }
}

package dev.headwater.snapshot;

import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Optional;

/** Checks an SQL condition that somebody gave, before it becomes part of a query. */
final class Condition {
  private Condition() {}

  /**
   * What is wrong with a condition; empty if it can stand behind WHERE, and does nothing else.
   *
   * @throws SQLException if the source cannot be asked
   */
  static Optional<String> problem(
      Connection connection, String condition, TableSchema schema, SourceTable source)
      throws SQLException {
    if (!isOneExpression(condition)) {
      return Optional.of(
          "'--where' is one SQL expression: no ';', comments, '$' quotes or open brackets");
    }
    String sql =
        "SELECT FROM "
            + ChunkSql.table(schema, source.isPartitioned())
            + " WHERE ("
            + condition
            + ") LIMIT 0";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.executeQuery().close();
      return Optional.empty();
    } catch (SQLException e) {
      String state = e.getSQLState() == null ? "" : e.getSQLState();
      if (state.startsWith("42") || state.startsWith("22")) {
        String message = e.getMessage() == null ? state : e.getMessage();
        return Optional.of(
            "'--where' for "
                + schema.table().inSource()
                + ": "
                + message.lines().findFirst().orElse(state));
      }
      throw e;
    }
  }

  /** Whether brackets close only what they opened and nothing ends the statement or hides text. */
  static boolean isOneExpression(String condition) {
    int depth = 0;
    char quote = 0;
    for (int i = 0; i < condition.length(); i++) {
      char c = condition.charAt(i);
      char next = i + 1 < condition.length() ? condition.charAt(i + 1) : 0;
      if (quote != 0) {
        if (c == '\\') {
          return false;
        }
        quote = c == quote ? 0 : quote;
        continue;
      }
      switch (c) {
        case '\'', '"' -> quote = c;
        case '(' -> depth++;
        case ')' -> depth--;
        case ';', '$', '\\', '?' -> {
          return false;
        }
        case '-' -> {
          if (next == '-') {
            return false;
          }
        }
        case '/' -> {
          if (next == '*') {
            return false;
          }
        }
        default -> {
          // Everything else is PostgreSQL's to judge.
        }
      }
      if (depth < 0) {
        return false;
      }
    }
    return quote == 0 && depth == 0;
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.sinks.FoldedRow;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The rows of one batch on their way into a table: gathered before the transaction begins, so that
 * it is short, then written inside it. Deletes go first: a key written and a key deleted in one
 * batch may be the same to PostgreSQL, and then the row that was written is the one that lives.
 */
interface RowLoad {
  /**
   * Gathers one row.
   *
   * @throws IllegalArgumentException if the record is not what its schema says
   */
  void add(RowReader reader, FoldedRow row);

  /** Writes all that was gathered. */
  void write(Connection connection, RowStatements statements) throws SQLException;
}

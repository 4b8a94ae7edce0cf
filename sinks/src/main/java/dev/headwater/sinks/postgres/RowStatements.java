package dev.headwater.sinks.postgres;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The SQL that writes one table of one generation, under the name its schema bears at the moment.
 *
 * <p>A row is deleted only if its key has the very text of the log's key. Two keys of the log that
 * PostgreSQL takes for equal (1.0 and 1.00) would otherwise delete each other's row.
 */
final class RowStatements {
  private final String target;
  private final ReplicaTable table;
  private final String stage;
  private final String keyStage;

  RowStatements(String schemaName, ReplicaTable table) {
    this.target = SqlNames.qualified(schemaName, table.name());
    this.table = table;
    this.stage = stageName("rows", table.columns());
    this.keyStage = stageName("keys", keyColumns());
  }

  /** Writes one row; parameters as {@link ReplicaTable#columns()}. */
  String upsert() {
    String parameters =
        IntStream.range(0, table.columns().size())
            .mapToObj(i -> "?")
            .collect(Collectors.joining(", "));
    return insertInto() + "VALUES (" + parameters + ')' + onConflict();
  }

  /** Deletes one row; parameters as {@link #deleteParameters} says. */
  String delete() {
    String conditions =
        table.key().stream()
            .map(
                name -> {
                  String column = SqlNames.quote(name);
                  String equal = column + " = ?";
                  return table.isInexact(name) ? equal + " AND " + column + "::text = ?" : equal;
                })
            .collect(Collectors.joining(" AND "));
    return "DELETE FROM " + target + " WHERE " + conditions;
  }

  /** Which place of the key each parameter of {@link #delete()} takes. */
  int[] deleteParameters() {
    return IntStream.range(0, table.key().size())
        .flatMap(i -> table.isInexact(table.key().get(i)) ? IntStream.of(i, i) : IntStream.of(i))
        .toArray();
  }

  /**
   * Reads rows and a checkpoint in one statement, which sees one moment: the server's clock in
   * milliseconds, the checkpoint's topic id and offset, whether the row is there, its columns; for
   * each key one row, in the keys' order. Parameters: for each key column an array of texts, then
   * sink, generation, topic and partition.
   */
  String look() {
    StringBuilder sql =
        new StringBuilder(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
                + " c.topic_id, c.next_offset, t.tableoid");
    for (String column : table.columnNames()) {
      sql.append(", t.").append(SqlNames.quote(column));
    }
    String arrays = table.key().stream().map(k -> "?::text[]").collect(Collectors.joining(", "));
    String names =
        IntStream.range(0, table.key().size())
            .mapToObj(i -> "k" + i)
            .collect(Collectors.joining(", "));
    sql.append(" FROM unnest(").append(arrays).append(") WITH ORDINALITY AS k(").append(names);
    sql.append(", place) LEFT JOIN ").append(target).append(" t ON ");
    for (int i = 0; i < table.key().size(); i++) {
      String name = table.key().get(i);
      String column = "t." + SqlNames.quote(name);
      String wanted = "k.k" + i + "::" + table.column(name).sqlType();
      sql.append(i == 0 ? "" : " AND ").append(column).append(" = ").append(wanted);
      if (table.isInexact(name)) {
        sql.append(" AND ").append(column).append("::text = ").append(wanted).append("::text");
      }
    }
    return sql.append(" LEFT JOIN headwater.checkpoint c ON c.sink = ? AND c.generation = ?")
        .append(" AND c.topic = ? AND c.partition = ? ORDER BY k.place")
        .toString();
  }

  /** Makes the temporary table that rows are copied into; it is empty after each transaction. */
  String makeStage() {
    return makeStage(stage, table.columns());
  }

  String copyToStage() {
    return "COPY pg_temp." + SqlNames.quote(stage) + " FROM STDIN";
  }

  /** Copies rows into the table itself, which refuses a key that is there already. */
  String copyToTable() {
    return "COPY " + target + " (" + SqlNames.list(table.columnNames()) + ") FROM STDIN";
  }

  /** Writes all staged rows. */
  String upsertStaged() {
    return insertInto()
        + "SELECT "
        + SqlNames.list(table.columnNames())
        + " FROM pg_temp."
        + SqlNames.quote(stage)
        + onConflict();
  }

  /** The same for keys of deleted rows. */
  String makeKeyStage() {
    return makeStage(keyStage, keyColumns());
  }

  String copyToKeyStage() {
    return "COPY pg_temp." + SqlNames.quote(keyStage) + " FROM STDIN";
  }

  /** Deletes the rows of all staged keys. */
  String deleteStaged() {
    String conditions =
        table.key().stream()
            .map(
                name -> {
                  String column = SqlNames.quote(name);
                  String equal = "t." + column + " = s." + column;
                  return table.isInexact(name)
                      ? equal + " AND t." + column + "::text = s." + column + "::text"
                      : equal;
                })
            .collect(Collectors.joining(" AND "));
    return "DELETE FROM "
        + target
        + " t USING pg_temp."
        + SqlNames.quote(keyStage)
        + " s WHERE "
        + conditions;
  }

  private String insertInto() {
    return "INSERT INTO " + target + " (" + SqlNames.list(table.columnNames()) + ") ";
  }

  private String onConflict() {
    String set =
        table.columnNames().stream()
            .filter(name -> !table.key().contains(name) || table.isInexact(name))
            .map(name -> SqlNames.quote(name) + " = EXCLUDED." + SqlNames.quote(name))
            .collect(Collectors.joining(", "));
    return " ON CONFLICT ("
        + SqlNames.list(table.key())
        + (set.isEmpty() ? ") DO NOTHING" : ") DO UPDATE SET " + set);
  }

  private List<ReplicaTable.Column> keyColumns() {
    return table.key().stream().map(table::column).toList();
  }

  private static String makeStage(String name, List<ReplicaTable.Column> columns) {
    return "CREATE TEMPORARY TABLE IF NOT EXISTS pg_temp."
        + SqlNames.quote(name)
        + columns.stream()
            .map(column -> SqlNames.quote(column.name()) + ' ' + column.sqlType())
            .collect(Collectors.joining(", ", " (", ") ON COMMIT DELETE ROWS"));
  }

  /** A name that another table, or the same with other columns, does not have. */
  private String stageName(String purpose, List<ReplicaTable.Column> columns) {
    byte[] shape = (table.name() + columns).getBytes(StandardCharsets.UTF_8);
    return "headwater_" + purpose + '_' + UUID.nameUUIDFromBytes(shape);
  }
}

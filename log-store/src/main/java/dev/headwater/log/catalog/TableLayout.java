package dev.headwater.log.catalog;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a table is stored: its files and its columns as the catalog numbers them. Compared with what
 * it was before, it tells of changes to rows that the write-ahead log does not carry.
 *
 * <p>Its text is kept with the table's schema in the log, so that a change is noticed that was made
 * while nobody looked.
 *
 * @param parts by OID, the table's own or those of its partitions that have rows
 * @param columns by the number that a column keeps when it is renamed or altered
 */
public record TableLayout(Map<Long, Part> parts, Map<Integer, Column> columns) {
  /**
   * A table that has rows.
   *
   * @param file its file; another after a truncate or a rewrite
   * @param isAttached whether it had been a table of its own, maybe with rows, before it became a
   *     partition
   */
  public record Part(long file, boolean isAttached) {}

  /**
   * A column.
   *
   * @param changed the transaction that changed its definition last
   * @param fillsOldRows whether rows that were there before it may have a value in it
   */
  public record Column(String name, long type, int typmod, String changed, boolean fillsOldRows) {}

  // A partition that was made as one came with its row type in one transaction.
  private static final String SQL =
      """
      WITH wanted AS (SELECT o.oid::oid AS oid FROM unnest(?::bigint[]) AS o (oid)),
      stored AS (
        SELECT w.oid AS root, w.oid, false AS attached
          FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid WHERE c.relkind <> 'p'
         UNION ALL
        SELECT w.oid, t.relid::oid,
               EXISTS (SELECT FROM pg_catalog.pg_inherits i
                         JOIN pg_catalog.pg_type y ON y.typrelid = i.inhrelid
                        WHERE i.inhrelid = t.relid AND i.xmin <> y.xmin)
          FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid
         CROSS JOIN LATERAL pg_catalog.pg_partition_tree(w.oid) AS t
         WHERE c.relkind = 'p' AND t.isleaf AND t.relid <> w.oid)
      SELECT w.oid::bigint,
             coalesce((SELECT string_agg(
                         concat_ws(':', s.oid::text, pg_catalog.pg_relation_filenode(s.oid)::text,
                                   CASE WHEN s.attached THEN 'a' ELSE '' END), ' ' ORDER BY s.oid)
                         FROM stored s WHERE s.root = w.oid), '')
             || '|' ||
             coalesce((SELECT string_agg(
                         concat_ws(':', a.attnum::text,
                                   encode(convert_to(a.attname::text, 'UTF8'), 'hex'),
                                   a.atttypid::text, a.atttypmod::text, a.xmin::text,
                                   CASE WHEN a.atthasmissing OR a.atthasdef OR a.attnotnull
                                        THEN 'v' ELSE '' END), ' ' ORDER BY a.attnum)
                         FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
                          AND a.attgenerated = ''), '')
        FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid
      """;

  public TableLayout {
    parts = Map.copyOf(parts);
    columns = Map.copyOf(columns);
  }

  /**
   * The texts of the layouts of tables as they are now, by OID; tables that are gone are left out.
   *
   * @throws SQLException if the catalog cannot be read
   */
  public static Map<Integer, String> read(Connection connection, Collection<Integer> oids)
      throws SQLException {
    Map<Integer, String> layouts = new HashMap<>();
    Long[] unsigned = oids.stream().map(Integer::toUnsignedLong).toArray(Long[]::new);
    try (PreparedStatement query = connection.prepareStatement(SQL)) {
      query.setArray(1, connection.createArrayOf("int8", unsigned));
      try (ResultSet rs = query.executeQuery()) {
        while (rs.next()) {
          layouts.put((int) rs.getLong(1), rs.getString(2));
        }
      }
    }
    return layouts;
  }

  /**
   * Takes a text apart.
   *
   * @throws IllegalArgumentException if it is not a layout's
   */
  public static TableLayout parse(String text) {
    String[] halves = text.split("\\|", -1);
    if (halves.length != 2) {
      throw new IllegalArgumentException("not a layout: '" + text + "'");
    }
    Map<Long, Part> parts = new TreeMap<>();
    for (String part : words(halves[0])) {
      String[] fields = part.split(":", -1);
      parts.put(
          Long.parseLong(fields[0]), new Part(Long.parseLong(fields[1]), fields[2].equals("a")));
    }
    Map<Integer, Column> columns = new TreeMap<>();
    for (String column : words(halves[1])) {
      String[] fields = column.split(":", -1);
      columns.put(
          Integer.parseInt(fields[0]),
          new Column(
              new String(HexFormat.of().parseHex(fields[1]), StandardCharsets.UTF_8),
              Long.parseLong(fields[2]),
              Integer.parseInt(fields[3]),
              fields[4],
              fields[5].equals("v")));
    }
    return new TableLayout(parts, columns);
  }

  private static String[] words(String text) {
    return text.isEmpty() ? new String[0] : text.split(" ");
  }
}

package dev.headwater.snapshot;

import dev.headwater.log.schema.TableId;
import dev.headwater.snapshot.SourceTable.Leaf;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Asks the source about tables that are loaded; outside a transaction, as they are now. */
final class SourceTables {
  /**
   * Physical ranges of ctids are scanned as such since version 14; before, each is a whole scan.
   */
  private static final int CTID_RANGES_SINCE = 140_000;

  private static final String COLUMNS =
      """
      SELECT n.nspname::text, c.relname::text, c.relkind = 'p', md5((
          SELECT string_agg(concat_ws(':', a.attnum, a.attname, a.atttypid, a.atttypmod), ','
                            ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
        FROM unnest(?::text[], ?::text[]) AS w(s, r)
        JOIN pg_catalog.pg_namespace n ON n.nspname = w.s
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.r
      """;

  private static final String LEAVES =
      """
      SELECT n.nspname::text, c.relname::text, l.oid::bigint, ln.nspname::text, l.relname::text,
             l.relfilenode::bigint, l.reltuples,
             CASE WHEN l.relkind = 'r'
                  THEN pg_relation_size(l.oid) / current_setting('block_size')::bigint ELSE 0 END,
             l.relkind = 'r' AND coalesce(am.amname = 'heap', false)
               AND (l.oid = c.oid OR has_table_privilege(l.oid, 'SELECT')),
             l.reltoastrelid <> 0 AND pg_relation_size(l.reltoastrelid) > 0
        FROM unnest(?::text[], ?::text[]) AS w(s, r)
        JOIN pg_catalog.pg_namespace n ON n.nspname = w.s
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.r
       CROSS JOIN LATERAL (
             SELECT c.oid WHERE c.relkind <> 'p'
              UNION ALL
             SELECT p.relid::oid FROM pg_partition_tree(c.oid) p WHERE c.relkind = 'p' AND p.isleaf
             ) AS parts(oid)
        JOIN pg_catalog.pg_class l ON l.oid = parts.oid
        JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
        LEFT JOIN pg_catalog.pg_am am ON am.oid = l.relam
       ORDER BY 1, 2, 3
      """;

  private final String connector;
  private final boolean alwaysByKey;

  SourceTables(String connector, boolean alwaysByKey) {
    this.connector = connector;
    this.alwaysByKey = alwaysByKey;
  }

  /** The tables that there are, by name. */
  Map<TableId, SourceTable> describe(Connection connection, Collection<TableId> tables)
      throws SQLException {
    boolean ctidRanges =
        !alwaysByKey
            && Integer.parseInt(ask(connection, "SHOW server_version_num")) >= CTID_RANGES_SINCE;
    Map<TableId, List<Leaf>> leaves = new TreeMap<>();
    Map<TableId, StringBuilder> files = new TreeMap<>();
    Map<TableId, Boolean> byCtid = new TreeMap<>();
    try (PreparedStatement query = prepare(connection, LEAVES, tables);
        ResultSet row = query.executeQuery()) {
      while (row.next()) {
        TableId table = new TableId(connector, row.getString(1), row.getString(2));
        leaves
            .computeIfAbsent(table, t -> new ArrayList<>())
            .add(
                new Leaf(
                    row.getLong(3),
                    row.getString(4),
                    row.getString(5),
                    row.getLong(8),
                    row.getDouble(7),
                    row.getBoolean(10)));
        files
            .computeIfAbsent(table, t -> new StringBuilder())
            .append(row.getLong(3))
            .append(':')
            .append(row.getLong(6))
            .append(',');
        byCtid.merge(table, ctidRanges && row.getBoolean(9), Boolean::logicalAnd);
      }
    }
    Map<TableId, SourceTable> found = new TreeMap<>();
    try (PreparedStatement query = prepare(connection, COLUMNS, tables);
        ResultSet row = query.executeQuery()) {
      while (row.next()) {
        TableId table = new TableId(connector, row.getString(1), row.getString(2));
        StringBuilder ofTable = files.getOrDefault(table, new StringBuilder());
        found.put(
            table,
            new SourceTable(
                row.getBoolean(3),
                digest(row.getString(4) + "|" + ofTable),
                byCtid.getOrDefault(table, ctidRanges),
                leaves.getOrDefault(table, List.of())));
      }
    }
    return found;
  }

  /** How many blocks a leaf has now. */
  static long blocks(Connection connection, long leaf) throws SQLException {
    return Long.parseLong(
        ask(
            connection,
            "SELECT pg_relation_size(" + leaf + "::oid) / current_setting('block_size')::bigint"));
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rs = statement.executeQuery()) {
      rs.next();
      return String.valueOf(rs.getString(1));
    }
  }

  private static PreparedStatement prepare(
      Connection connection, String sql, Collection<TableId> tables) throws SQLException {
    PreparedStatement query = connection.prepareStatement(sql);
    query.setArray(
        1, connection.createArrayOf("text", tables.stream().map(TableId::schema).toArray()));
    query.setArray(
        2, connection.createArrayOf("text", tables.stream().map(TableId::name).toArray()));
    return query;
  }

  private static String digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

package dev.headwater.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the old image of a changed row has, for a table or for one partition of it.
 *
 * <p>Partitions have an identity of their own, which need not be their root's; the one of the
 * partition that has the row decides, about the image and about whether the application may update
 * and delete published rows at all.
 *
 * @param name quoted, with its schema
 * @param setting {@code d} default, {@code n} nothing, {@code f} full, {@code i} index
 * @param columns columns of the key or index that the setting names
 */
record ReplicaIdentity(String name, char setting, List<String> columns) {
  private static final String SQL =
      """
      WITH stored AS (
        SELECT o.oid AS root, c.oid
          FROM unnest(?::bigint[]) AS o (oid) JOIN pg_catalog.pg_class c ON c.oid = o.oid::oid
         WHERE c.relkind = 'r'
         UNION ALL
        SELECT o.oid, t.relid
          FROM unnest(?::bigint[]) AS o (oid) JOIN pg_catalog.pg_class c ON c.oid = o.oid::oid
         CROSS JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS t
         WHERE c.relkind = 'p')
      SELECT s.root, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
             c.relreplident::text,
             ARRAY(SELECT a.attname::text
                     FROM pg_catalog.pg_index i
                     JOIN pg_catalog.pg_attribute a
                       ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])
                    WHERE i.indrelid = c.oid AND i.indimmediate AND i.indisvalid
                      AND CASE c.relreplident WHEN 'd' THEN i.indisprimary
                               WHEN 'i' THEN i.indisreplident ELSE false END)
        FROM stored s
        JOIN pg_catalog.pg_class c ON c.oid = s.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       ORDER BY c.relkind = 'p' DESC, 2
      """;

  /** The identities of tables, and of all parts of partitioned ones, the root's first. */
  static Map<Integer, List<ReplicaIdentity>> read(Connection connection, Collection<Integer> oids)
      throws SQLException {
    Map<Integer, List<ReplicaIdentity>> byTable = new HashMap<>();
    Long[] unsigned = oids.stream().map(Integer::toUnsignedLong).toArray(Long[]::new);
    try (PreparedStatement query = connection.prepareStatement(SQL)) {
      query.setArray(1, connection.createArrayOf("int8", unsigned));
      query.setArray(2, connection.createArrayOf("int8", unsigned));
      try (ResultSet rs = query.executeQuery()) {
        while (rs.next()) {
          byTable
              .computeIfAbsent((int) rs.getLong(1), oid -> new ArrayList<>())
              .add(
                  new ReplicaIdentity(
                      rs.getString(2),
                      rs.getString(3).charAt(0),
                      List.of((String[]) rs.getArray(4).getArray())));
        }
      }
    }
    return byTable;
  }

  /** Whether old images have these columns, and the application's own writes go through. */
  boolean covers(List<String> key) {
    return setting == 'f' || (!columns.isEmpty() && columns.containsAll(key));
  }
}

package dev.headwater.capture;

import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a database has to capture, for somebody who has not chosen tables yet.
 *
 * <p>Changes nothing, reads the catalog only. On the caller's thread.
 */
public final class SourceSurvey {
  private static final String SIZES =
      "SELECT c.oid::bigint, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid)"
          + " FROM pg_class c WHERE c.relkind IN ('r', 'p')";

  private SourceSurvey() {}

  /**
   * A table that could be captured, or says why not.
   *
   * @param schema exactly as in the source
   * @param name exactly as in the source
   * @param estimatedRows as the planner has it; 0 where it was never analysed
   * @param bytes on disk, with indexes; 0 for a partitioned table, whose partitions have them
   * @param key what identifies a row: the primary key, or else the shortest unique key of NOT NULL
   *     columns; empty where there is neither
   * @param obstacle why it cannot be captured as it stands
   */
  public record Found(
      String schema,
      String name,
      long estimatedRows,
      long bytes,
      List<String> key,
      Optional<String> obstacle) {}

  /**
   * All tables but partitions, which come with their root, views and foreign tables; by name.
   *
   * @throws dev.headwater.log.failure.HeadwaterException if the database cannot be asked
   */
  public static List<Found> tables(CaptureConfig config) {
    try (Connection connection = SourceConnection.open(config)) {
      Map<Integer, long[]> sizes = sizes(connection);
      List<Found> found = new ArrayList<>();
      for (CatalogTable table : new TableCatalog(connection).list()) {
        char kind = table.kind().relkind();
        if ((kind == 'r' || kind == 'p') && !table.kind().isPartition()) {
          found.add(found(table, sizes.getOrDefault(table.oid(), new long[2])));
        }
      }
      return found;
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private static Found found(CatalogTable table, long[] size) {
    boolean hasUnique = table.primaryKey().isEmpty() && !table.usableUniqueKeys().isEmpty();
    List<String> key = hasUnique ? table.usableUniqueKeys().get(0) : table.primaryKey();
    Optional<String> obstacle = Optional.empty();
    if (!table.isCapturable()) {
      obstacle = Optional.of(SourcePreflight.whyNotCapturable(table.kind()));
    } else if (key.isEmpty()) {
      obstacle =
          Optional.of(
              "it has no primary key: add one, or name unique columns under 'keys' and set REPLICA"
                  + " IDENTITY FULL");
    } else if (hasUnique && table.kind().replicaIdentity() != 'f') {
      obstacle =
          Optional.of(
              "it has no primary key; its unique key "
                  + key
                  + " will do once REPLICA IDENTITY FULL is set");
    }
    return new Found(table.schema(), table.name(), size[0], size[1], key, obstacle);
  }

  private static Map<Integer, long[]> sizes(Connection connection) throws SQLException {
    Map<Integer, long[]> sizes = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(SIZES)) {
      while (rs.next()) {
        sizes.put((int) rs.getLong(1), new long[] {rs.getLong(2), rs.getLong(3)});
      }
    }
    return sizes;
  }
}

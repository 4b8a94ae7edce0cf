package dev.headwater.capture;

import static dev.headwater.capture.SourcePreflight.literal;
import static dev.headwater.capture.SourcePreflight.quote;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publication of a connector: which tables' changes the slot sends.
 *
 * <p>Made before the slot, for the slot reads it as it was at each change. Partitioned tables are
 * published under their root.
 */
final class Publication {
  private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

  private final CaptureConfig config;
  private final Connection connection;

  Publication(CaptureConfig config, Connection connection) {
    this.config = config;
    this.connection = connection;
  }

  /**
   * Makes the publication hold exactly these tables.
   *
   * @return whether tables were added to a publication that was there before
   */
  boolean publish(Collection<CapturedTable> tables) {
    Set<String> wanted = new TreeSet<>();
    tables.forEach(t -> wanted.add(quote(t.table().schema()) + "." + quote(t.table().name())));
    // Without ONLY the tables that inherit from one would be published with it.
    String list = wanted.stream().map(t -> "ONLY " + t).collect(Collectors.joining(", "));
    String name = quote(config.publication());
    try (Statement statement = connection.createStatement()) {
      if (!exists(statement)) {
        statement.execute(
            "CREATE PUBLICATION "
                + name
                + " FOR TABLE "
                + list
                + " WITH (publish = 'insert, update, delete, truncate'"
                + (isAtLeast13(statement) ? ", publish_via_partition_root = true)" : ")"));
        LOG.atInfo().addKeyValue("publication", config.publication()).log("publication created");
        return false;
      }
      Set<String> published = published(statement);
      if (published.equals(wanted)) {
        return false;
      }
      return change(statement, name, list, published, wanted);
    } catch (SQLException e) {
      throw notAllowed(e, name, list);
    }
  }

  private boolean change(
      Statement statement, String name, String list, Set<String> published, Set<String> wanted)
      throws SQLException {
    boolean isMissing = !published.containsAll(wanted);
    try {
      statement.execute("ALTER PUBLICATION " + name + " SET TABLE " + list);
      LOG.atInfo().addKeyValue("publication", config.publication()).log("publication changed");
    } catch (SQLException e) {
      // More than is captured does no harm, where somebody else looks after the publication.
      if (isMissing || !"42501".equals(e.getSQLState())) {
        throw e;
      }
    }
    return isMissing;
  }

  private boolean exists(Statement statement) throws SQLException {
    try (ResultSet rs =
        statement.executeQuery(
            "SELECT 1 FROM pg_publication WHERE pubname = " + literal(config.publication()))) {
      return rs.next();
    }
  }

  private static boolean isAtLeast13(Statement statement) throws SQLException {
    try (ResultSet rs = statement.executeQuery("SHOW server_version_num")) {
      rs.next();
      return rs.getInt(1) >= 130_000;
    }
  }

  private Set<String> published(Statement statement) throws SQLException {
    Set<String> published = new TreeSet<>();
    try (ResultSet rs =
        statement.executeQuery(
            "SELECT n.nspname, c.relname FROM pg_publication p"
                + " JOIN pg_publication_rel r ON r.prpubid = p.oid"
                + " JOIN pg_class c ON c.oid = r.prrelid"
                + " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = "
                + literal(config.publication()))) {
      while (rs.next()) {
        published.add(quote(rs.getString(1)) + "." + quote(rs.getString(2)));
      }
    }
    return published;
  }

  private RuntimeException notAllowed(SQLException e, String name, String list) {
    if (!"42501".equals(e.getSQLState())) {
      return SourceConnection.refused(config, e);
    }
    return new dev.headwater.log.failure.HeadwaterException(
        dev.headwater.log.failure.FailureCode.SOURCE_NOT_READY,
        "connector '"
            + config.name()
            + "' – user '"
            + config.user()
            + "' may not make the publication: "
            + SourceConnection.firstLine(e),
        "Let the tables' owner run: CREATE PUBLICATION "
            + name
            + " FOR TABLE "
            + list
            + " WITH (publish_via_partition_root = true);",
        e);
  }
}

package dev.headwater.capture;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;

/** Looks at a connector's source without changing anything: what a start would find. */
public final class CaptureCheck {
  private CaptureCheck() {}

  /**
   * What a start would find.
   *
   * @param tables the tables that can be captured, as {@code schema.table}
   * @param problems what is in the way of others, each with its remedy
   */
  public record Found(Set<String> tables, List<String> problems) {}

  /**
   * What a start would find.
   *
   * @throws dev.headwater.log.failure.HeadwaterException naming everything that is in the way, if
   *     the server is not ready or no table can be captured
   */
  public static Found look(CaptureConfig config) {
    try (Connection connection = SourceConnection.openForReading(config)) {
      SourcePreflight.Result found = new SourcePreflight(config, connection).check();
      return new Found(found.tables().keySet(), found.lines());
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  /**
   * The tables that would be captured, as {@code schema.table}.
   *
   * @throws dev.headwater.log.failure.HeadwaterException naming everything that is in the way of
   *     the connector or of any of its tables
   */
  public static Set<String> check(CaptureConfig config) {
    Found found = look(config);
    if (!found.problems().isEmpty()) {
      throw SourcePreflight.notReady(config, found.problems());
    }
    return found.tables();
  }
}

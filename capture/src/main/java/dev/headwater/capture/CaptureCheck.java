package dev.headwater.capture;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/** Looks at a connector's source without changing anything: what a start would find. */
public final class CaptureCheck {
  private CaptureCheck() {}

  /**
   * The tables that would be captured, as {@code schema.table}.
   *
   * @throws dev.headwater.log.failure.HeadwaterException naming everything that is in the way
   */
  public static Set<String> check(CaptureConfig config) {
    try (Connection connection = SourceConnection.open(config)) {
      return new SourcePreflight(config, connection).check().keySet();
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }
}

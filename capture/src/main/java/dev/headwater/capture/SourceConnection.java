package dev.headwater.capture;

import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.PGProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens ordinary sessions to a connector's database, and says plainly why one cannot be had. */
public final class SourceConnection {
  private static final Logger LOG = LoggerFactory.getLogger(SourceConnection.class);
  private static final int SILENT_FOR_MILLIS = 20_000;

  private SourceConnection() {}

  /** The driver's URL, without user or secret. */
  public static String jdbcUrl(CaptureConfig config) {
    return "jdbc:postgresql://" + config.host() + ":" + config.port() + "/" + config.database();
  }

  /** The driver's properties: the user's URL parameters, then what every session of ours has. */
  public static Properties properties(CaptureConfig config) {
    Properties properties = new Properties();
    properties.putAll(config.urlParameters());
    PGProperty.USER.set(properties, config.user());
    config.password().ifPresent(p -> PGProperty.PASSWORD.set(properties, p.reveal()));
    PGProperty.APPLICATION_NAME.set(properties, "headwater/" + config.name());
    PGProperty.CONNECT_TIMEOUT.set(properties, 10);
    PGProperty.TCP_KEEP_ALIVE.set(properties, true);
    return properties;
  }

  /** A session in autocommit mode; the caller closes it. */
  public static Connection open(CaptureConfig config) {
    try {
      return DriverManager.getConnection(jdbcUrl(config), properties(config));
    } catch (SQLException e) {
      throw refused(config, e);
    }
  }

  /**
   * A session in autocommit mode in which values, types and defaults are printed as everywhere in
   * Headwater; the caller closes it.
   */
  static Connection openForReading(CaptureConfig config) {
    Connection connection = open(config);
    try {
      SourceSession.applyTo(connection);
      return connection;
    } catch (SQLException e) {
      throw refused(config, e);
    }
  }

  /**
   * Has a session that the stream waits for fail when it is silent: its questions are answered at
   * once, but for one whose connection was forgotten on its way. As long as bytes come, any answer
   * may take its time.
   */
  static void requireAnswers(CaptureConfig config, Connection connection) {
    try {
      connection.setNetworkTimeout(Runnable::run, SILENT_FOR_MILLIS);
    } catch (SQLException e) {
      throw refused(config, e);
    }
  }

  /**
   * Closes a session; one that is already gone is what closing wants.
   *
   * @param whose for the log, should it not close
   */
  static void closeQuietly(Connection connection, String whose) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.atDebug().setCause(e).addKeyValue("session", whose).log("session did not close");
    }
  }

  /** Why the database did not let us in, with what helps. */
  static HeadwaterException refused(CaptureConfig config, SQLException e) {
    String where = "'" + config.host() + ":" + config.port() + "/" + config.database() + "'";
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String who = "connector '" + config.name() + "' – ";
    switch (state) {
      case "28P01", "28000" -> {
        return new HeadwaterException(
            FailureCode.SOURCE_NOT_READY,
            who
                + "PostgreSQL at "
                + where
                + " refused user '"
                + config.user()
                + "': "
                + firstLine(e),
            "Check 'user' and 'password' of the connector, and the server's pg_hba.conf.",
            e);
      }
      case "3D000" -> {
        return new HeadwaterException(
            FailureCode.SOURCE_NOT_READY,
            who + "database '" + config.database() + "' does not exist at " + where,
            "Check the last part of 'url'. Databases there: psql -l.",
            e);
      }
      default -> {
        return new HeadwaterException(
            FailureCode.SOURCE_UNREACHABLE,
            who + "PostgreSQL at " + where + " cannot be reached: " + firstLine(e),
            "Check host and port of 'url', and that the server is up: pg_isready -h "
                + config.host()
                + " -p "
                + config.port()
                + ".",
            e);
      }
    }
  }

  static String firstLine(SQLException e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse(message).trim();
  }
}

package dev.headwater.capture.debezium;

import dev.headwater.log.catalog.SourceSession;
import io.debezium.DebeziumException;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import io.debezium.jdbc.JdbcConfiguration;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * A walsender session of our own inside Debezium's task.
 *
 * <p>It always starts where the slot's {@code confirmed_flush_lsn} stands (a requested start of
 * zero means just that), whatever Debezium remembers: what the log already holds is skipped later,
 * by the log's own position. A slot that is missing is never created here, for a slot created now
 * would begin after a gap.
 *
 * <p>Lives as long as one engine session. Called on the task's streaming thread, and closed from
 * the engine's thread.
 */
final class RawReplicationConnection implements ReplicationConnection {
  private static final int STALLED_FOR_MILLIS = 10_000;

  private final PostgresConnectorConfig config;
  private final Duration statusInterval;
  private @Nullable Connection connection;
  private @Nullable Socket socket;

  RawReplicationConnection(PostgresConnectorConfig config) {
    this.config = config;
    this.statusInterval =
        Duration.ofMillis(
            config.getConfig().getLong(PostgresConnectorConfig.STATUS_UPDATE_INTERVAL_MS));
  }

  @Override
  public ReplicationStream startStreaming(WalPositionLocator walPosition) throws SQLException {
    Connection replication = connect();
    PGReplicationStream stream =
        replication
            .unwrap(PGConnection.class)
            .getReplicationAPI()
            .replicationStream()
            .logical()
            .withSlotName('"' + config.slotName() + '"')
            .withStartPosition(LogSequenceNumber.INVALID_LSN)
            .withAutomaticFlush(false)
            .withSlotOption("proto_version", 1)
            .withSlotOption("publication_names", quoted(config.publicationName()))
            .withSlotOption("messages", true)
            .withStatusInterval(Math.toIntExact(statusInterval.toMillis()), TimeUnit.MILLISECONDS)
            .start();
    // Whether a message is there is asked without waiting; the rest of one that began, and the end
    // of the stream, are waited for, and never come where the connection was forgotten on its way.
    replication.setNetworkTimeout(Runnable::run, STALLED_FOR_MILLIS);
    return new RawReplicationStream(stream, statusInterval, arrivals());
  }

  @Override
  public ReplicationStream startStreaming(@Nullable Lsn offset, WalPositionLocator walPosition)
      throws SQLException {
    return startStreaming(walPosition);
  }

  @Override
  public Optional<SlotCreationResult> createReplicationSlot() {
    throw new DebeziumException("replication slot '" + config.slotName() + "' is gone");
  }

  @Override
  public void initConnection() throws SQLException {
    connect();
  }

  @Override
  public synchronized boolean isConnected() throws SQLException {
    return connection != null && !connection.isClosed();
  }

  @Override
  public void reconnect() throws SQLException {
    close();
    connect();
  }

  @Override
  public synchronized void close() throws SQLException {
    if (connection != null) {
      Connection closing = connection;
      connection = null;
      closing.close();
    }
  }

  /** Bytes of the stream as they arrive, to be looked at only; null if nobody can tell. */
  private synchronized @Nullable InputStream arrivals() throws SQLException {
    try {
      return socket == null ? null : socket.getInputStream();
    } catch (IOException e) {
      throw new SQLException("the connection was closed while its stream began", "08006", e);
    }
  }

  private synchronized Connection connect() throws SQLException {
    if (connection == null) {
      connection = open();
    }
    return connection;
  }

  private Connection open() throws SQLException {
    JdbcConfiguration jdbc = config.getJdbcConfig();
    Properties properties = new Properties();
    // The user's URL parameters come first: what the replication protocol needs is not theirs.
    jdbc.asProperties()
        .forEach(
            (name, value) -> {
              if (PGProperty.forName(name.toString()) != null) {
                properties.put(name, value);
              }
            });
    PGProperty.USER.set(properties, jdbc.getUser());
    if (jdbc.getPassword() != null) {
      PGProperty.PASSWORD.set(properties, jdbc.getPassword());
    }
    PGProperty.REPLICATION.set(properties, "database");
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "12");
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    PGProperty.APPLICATION_NAME.set(properties, "headwater/" + config.getLogicalName());
    PGProperty.TCP_KEEP_ALIVE.set(properties, true);
    String attempt = UUID.randomUUID().toString();
    if (PGProperty.SOCKET_FACTORY.getOrDefault(properties) == null) {
      PGProperty.SOCKET_FACTORY.set(properties, ObservedSocketFactory.class.getName());
      PGProperty.SOCKET_FACTORY_ARG.set(properties, attempt);
    }
    String url =
        "jdbc:postgresql://" + jdbc.getHostname() + ":" + jdbc.getPort() + "/" + jdbc.getDatabase();
    Connection opened;
    try {
      opened = DriverManager.getConnection(url, properties);
    } finally {
      socket = ObservedSocketFactory.take(attempt);
    }
    try {
      // The driver announces the JVM's zone; values must not depend on where we run.
      SourceSession.applyTo(opened);
    } catch (SQLException e) {
      opened.close();
      throw e;
    }
    return opened;
  }

  private static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }
}

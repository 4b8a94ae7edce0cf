package dev.headwater.capture.debezium;

import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;

/**
 * Debezium's task, streaming through {@link RawReplicationConnection}.
 *
 * <p>Debezium decodes pgoutput inside its replication connection and looks keys, types and defaults
 * up in today's catalog while it does so; exchanging the connection is the one seam at which all of
 * that can be left out.
 */
public final class RawPostgresTask extends PostgresConnectorTask {
  @Override
  protected ReplicationConnection buildReplicationConnection(
      PostgresConnection jdbcConnection, PostgresSchema schema, PostgresConnectorConfig config) {
    return new RawReplicationConnection(config);
  }
}

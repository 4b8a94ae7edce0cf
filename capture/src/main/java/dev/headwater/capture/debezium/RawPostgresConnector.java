package dev.headwater.capture.debezium;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/**
 * Debezium's PostgreSQL connector with one part exchanged: its task hands pgoutput's bytes on as
 * they came.
 *
 * <p>Made by the engine, by name, once a session.
 */
public final class RawPostgresConnector extends PostgresConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return RawPostgresTask.class;
  }
}

package dev.headwater.log.connection;

/**
 * Where the log is, for messages.
 *
 * @param bootstrapServers brokers, as clients are told of them
 */
public record LogAddress(String bootstrapServers) {
  @Override
  public String toString() {
    return "'" + bootstrapServers + "'";
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.PromotionContract;
import dev.headwater.sinks.SinkConfig;

class PostgresPromotionIT extends PromotionContract {
  private final Replica replica = Replica.on(SharedServices.postgres());

  @Override
  protected SinkConfig config() {
    return replica.config("reporting", Replica.SCHEMA, PostgresServer.USER);
  }

  @Override
  protected void cleanUp() {
    replica.close();
  }
}

package dev.headwater.sinks.postgres;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkContract;
import dev.headwater.sinks.SinkTarget;

/** The replica keeps what every sink keeps. */
class PostgresSinkContractIT extends SinkContract {
  @Override
  protected SinkTarget shared() {
    return Replica.on(SharedServices.postgres());
  }

  @Override
  protected SinkTarget alone() {
    return Replica.alone();
  }

  @Override
  protected boolean needsSchemas() {
    return true;
  }
}

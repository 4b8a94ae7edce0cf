package dev.headwater.sinks.postgres;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkContract;
import dev.headwater.sinks.SinkTarget;
import java.util.List;

/** The replica keeps what every sink keeps. */
class PostgresSinkContractIT extends SinkContract {
  @Override
  protected SinkTarget shared(List<String> keyColumns) {
    return Replica.on(SharedServices.postgres());
  }

  @Override
  protected SinkTarget alone(List<String> keyColumns) {
    return Replica.alone();
  }

  @Override
  protected boolean needsSchemas() {
    return true;
  }
}

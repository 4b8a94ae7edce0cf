package dev.headwater.sinks.redis;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkContract;
import dev.headwater.sinks.SinkTarget;
import java.util.List;

/** The contract, with a namespace for each generation. */
class RedisPointerIT extends SinkContract {
  @Override
  protected SinkTarget shared(List<String> keyColumns) {
    return new RedisTarget(
        SharedServices.redis(), false, keyColumns, SinkConfig.Redis.Generations.POINTER);
  }

  @Override
  protected SinkTarget alone(List<String> keyColumns) {
    return new RedisTarget(
        RedisServer.start(), true, keyColumns, SinkConfig.Redis.Generations.POINTER);
  }

  @Override
  protected boolean needsSchemas() {
    return false;
  }
}

package dev.headwater.sinks.redis;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTarget;
import dev.headwater.sinks.VerificationContract;
import java.util.List;

class RedisVerificationIT extends VerificationContract {
  @Override
  protected SinkTarget target() {
    return new RedisTarget(
        SharedServices.redis(), false, List.of("id"), SinkConfig.Redis.Generations.IN_PLACE);
  }
}

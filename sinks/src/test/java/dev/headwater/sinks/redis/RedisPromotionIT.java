package dev.headwater.sinks.redis;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.PromotionContract;
import dev.headwater.sinks.SinkConfig;

class RedisPromotionIT extends PromotionContract {
  @Override
  protected SinkConfig config() {
    return RedisTarget.config(
        "promoted-" + System.nanoTime(),
        SharedServices.redis().url(),
        "row:{table}:{id}",
        SinkConfig.Redis.Generations.POINTER);
  }
}

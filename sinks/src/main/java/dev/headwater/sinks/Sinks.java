package dev.headwater.sinks;

import dev.headwater.sinks.opensearch.OpenSearchGenerations;
import dev.headwater.sinks.postgres.PostgresGenerations;
import dev.headwater.sinks.redis.RedisGenerations;

/** Opens sinks: the one place that knows which technology a configuration is for. */
public final class Sinks {
  private Sinks() {}

  /** All generations of a sink; nothing is connected to before it is used. */
  public static Generations generations(SinkConfig config) {
    if (config instanceof SinkConfig.Redis redis) {
      return new RedisGenerations(redis);
    }
    return config instanceof SinkConfig.Postgres postgres
        ? new PostgresGenerations(postgres)
        : new OpenSearchGenerations((SinkConfig.OpenSearch) config);
  }
}

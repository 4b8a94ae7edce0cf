package dev.headwater.sinks;

import dev.headwater.sinks.opensearch.OpenSearchSink;
import dev.headwater.sinks.postgres.PostgresGenerations;
import dev.headwater.sinks.postgres.PostgresSink;
import dev.headwater.sinks.redis.RedisSink;

/** Opens sinks: the one place that knows which technology a configuration is for. */
public final class Sinks {
  private Sinks() {}

  /** All generations of a sink; nothing is connected to before it is used. */
  public static Generations generations(SinkConfig config) {
    return config instanceof SinkConfig.Postgres postgres
        ? new PostgresGenerations(postgres)
        : new SingleGeneration(config, () -> open(config));
  }

  /** The first generation of a new sink; nothing is connected to before it is used. */
  public static Sink open(SinkConfig config) {
    if (config instanceof SinkConfig.Redis redis) {
      return new RedisSink(redis);
    }
    if (config instanceof SinkConfig.OpenSearch search) {
      return new OpenSearchSink(search);
    }
    return new PostgresSink((SinkConfig.Postgres) config);
  }
}

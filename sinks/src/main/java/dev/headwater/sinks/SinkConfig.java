package dev.headwater.sinks;

import dev.headwater.log.config.Secret;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One entry of {@code sinks:}. The family is sealed and kept in this file: one record a target. */
public sealed interface SinkConfig {
  /** The sink's name: its consumer group, its checkpoints and its commands go by it. */
  String name();

  /** Where the target is, without any secret in it. */
  String url();

  /** Which tables it holds: {@code connector.schema.table}, globs allowed. */
  List<String> tables();

  /** A Redis cache. */
  record Redis(
      String name,
      String url,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables,
      String keyTemplate,
      Value value,
      Duration ttl,
      Generations generations)
      implements SinkConfig {
    /** How a row is stored under its key. */
    public enum Value {
      JSON,
      HASH
    }

    /** How a rebuilt cache takes the place of the old one. */
    public enum Generations {
      IN_PLACE,
      POINTER
    }
  }

  /** An OpenSearch (or Elasticsearch) index behind an alias. */
  record OpenSearch(
      String name,
      String url,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables,
      String index,
      Map<String, String> mapping)
      implements SinkConfig {}

  /** A replica in PostgreSQL. */
  record Postgres(
      String name,
      String url,
      Optional<String> user,
      Optional<Secret> password,
      List<String> tables,
      String schema)
      implements SinkConfig {}
}

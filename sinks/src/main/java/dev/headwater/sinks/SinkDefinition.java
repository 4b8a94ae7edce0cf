package dev.headwater.sinks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the rows of a generation are made by: the part of a {@link SinkConfig} that decides what
 * stands in the target, without where the target is and who connects.
 *
 * <p>It is kept in the target as text, so that a generation goes on being fed as it was made. Two
 * definitions are the same when their texts are.
 */
public final class SinkDefinition {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SinkDefinition() {}

  /** The definition in a configuration, as one line of canonical JSON. */
  public static String text(SinkConfig config) {
    ObjectNode json = JSON.createObjectNode();
    config.tables().stream().sorted().forEach(json.putArray("tables")::add);
    if (config instanceof SinkConfig.Redis redis) {
      json.put("type", "redis");
      json.put("key", redis.keyTemplate());
      json.put("value", redis.value().name());
      json.put("ttl_ms", redis.ttl().toMillis());
      json.put("generations", redis.generations().name());
    } else if (config instanceof SinkConfig.OpenSearch search) {
      json.put("type", "opensearch");
      json.put("index", search.index());
      ObjectNode mapping = json.putObject("mapping");
      new TreeMap<>(search.mapping()).forEach(mapping::put);
    } else {
      json.put("type", "postgres");
      json.put("schema", ((SinkConfig.Postgres) config).schema());
    }
    return json.toString();
  }

  /**
   * The configuration that feeds a generation of an older definition: connection and name of {@code
   * config}, all else as it was made.
   *
   * @throws IllegalArgumentException if the text is no definition for a target of this kind
   */
  public static SinkConfig apply(String text, SinkConfig config) {
    JsonNode json = parse(text);
    List<String> tables = new ArrayList<>();
    json.path("tables").forEach(table -> tables.add(table.asText()));
    if (config instanceof SinkConfig.Redis redis && json.path("type").asText().equals("redis")) {
      return new SinkConfig.Redis(
          redis.name(),
          redis.url(),
          redis.user(),
          redis.password(),
          tables,
          json.path("key").asText(),
          SinkConfig.Redis.Value.valueOf(json.path("value").asText()),
          Duration.ofMillis(json.path("ttl_ms").asLong()),
          SinkConfig.Redis.Generations.valueOf(json.path("generations").asText()));
    }
    if (config instanceof SinkConfig.OpenSearch search
        && json.path("type").asText().equals("opensearch")) {
      Map<String, String> mapping = new TreeMap<>();
      json.path("mapping")
          .properties()
          .forEach(e -> mapping.put(e.getKey(), e.getValue().asText()));
      return new SinkConfig.OpenSearch(
          search.name(),
          search.url(),
          search.user(),
          search.password(),
          tables,
          json.path("index").asText(),
          mapping);
    }
    if (config instanceof SinkConfig.Postgres postgres
        && json.path("type").asText().equals("postgres")) {
      return new SinkConfig.Postgres(
          postgres.name(),
          postgres.url(),
          postgres.user(),
          postgres.password(),
          tables,
          json.path("schema").asText());
    }
    throw new IllegalArgumentException("a definition of another kind of target: " + text);
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a definition: " + text, e);
    }
  }
}

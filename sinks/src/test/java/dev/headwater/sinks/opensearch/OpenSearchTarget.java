package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.DevServer;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTarget;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A sink's rows in a real OpenSearch, in an index of its own. */
final class OpenSearchTarget implements SinkTarget {
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final OpenSearchServer server;
  private final boolean serverIsOurs;
  private final String name = "search-" + NAMES.incrementAndGet();

  OpenSearchTarget(OpenSearchServer server, boolean serverIsOurs) {
    this.server = server;
    this.serverIsOurs = serverIsOurs;
  }

  String index() {
    return name;
  }

  Http http() {
    return new Http(server.url());
  }

  @Override
  public Sink open() {
    return open(Map.of());
  }

  Sink open(Map<String, String> mapping) {
    SinkConfig.OpenSearch config = config(name, server.url(), List.of("shop.public.one"), mapping);
    Duration timeout = Duration.ofSeconds(serverIsOurs ? 3 : 20);
    return new FirstGeneration(config, () -> new OpenSearchGenerations(config, timeout));
  }

  static SinkConfig.OpenSearch config(
      String name, String url, List<String> tables, Map<String, String> mapping) {
    return new SinkConfig.OpenSearch(
        name, url, Optional.empty(), Optional.empty(), tables, name, mapping);
  }

  @Override
  public Optional<String> read(TableSchema table, String key) {
    String id = new DocumentIds(table.table(), false).of(key.getBytes(UTF_8));
    String path = "/" + name + "/_doc/" + URLEncoder.encode(id, UTF_8).replace("+", "%20");
    JsonNode answer = http().get(path);
    return answer.path("found").asBoolean()
        ? Optional.of(answer.path("_source").toString())
        : Optional.empty();
  }

  @Override
  public long count(TableSchema table) {
    http().send("POST", "/" + name + "/_refresh", "");
    return http().get("/" + name + "/_count").path("count").asLong();
  }

  /** Without a version, as a hand does it: the server counts its own one up. */
  @Override
  public void byHand(TableSchema table, String key, @Nullable String row) {
    String id = new DocumentIds(table.table(), false).of(key.getBytes(UTF_8));
    String path = "/" + name + "/_doc/" + URLEncoder.encode(id, UTF_8).replace("+", "%20");
    if (row == null) {
      http().send("DELETE", path, "");
    } else {
      http().send("PUT", path, row);
    }
  }

  @Override
  public DevServer server() {
    return server;
  }

  @Override
  public void close() {
    if (serverIsOurs) {
      server.close();
    } else {
      http().send("DELETE", "/" + name + "-g1", "");
    }
  }
}

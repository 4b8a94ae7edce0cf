package dev.headwater.sinks.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.devservices.DevServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkTarget;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/** A sink's rows in a real Redis; its key template is made from the first table asked for. */
final class RedisTarget implements SinkTarget {
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final RedisServer server;
  private final boolean serverIsOurs;
  private final String name = "cache-" + NAMES.incrementAndGet();
  private final List<String> keyColumns;
  private final SinkConfig.Redis.Generations kind;

  RedisTarget(
      RedisServer server,
      boolean serverIsOurs,
      List<String> keyColumns,
      SinkConfig.Redis.Generations kind) {
    this.kind = kind;
    this.server = server;
    this.serverIsOurs = serverIsOurs;
    this.keyColumns = keyColumns;
  }

  static SinkConfig.Redis config(
      String name, String url, String template, SinkConfig.Redis.Generations kind) {
    return config(name, url, template, kind, "*");
  }

  /** A sink of these tables only; "*" for all. */
  static SinkConfig.Redis config(
      String name, String url, String template, SinkConfig.Redis.Generations kind, String tables) {
    return new SinkConfig.Redis(
        name,
        url,
        Optional.empty(),
        Optional.empty(),
        List.of(tables),
        template,
        SinkConfig.Redis.Value.JSON,
        Duration.ZERO,
        kind);
  }

  private String template() {
    return name
        + ":{table}:"
        + keyColumns.stream().map(c -> "{" + c + "}").collect(Collectors.joining(":"));
  }

  /** As a reader would: the pointer says what names begin with. */
  private String names() {
    if (kind == SinkConfig.Redis.Generations.IN_PLACE) {
      return template();
    }
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      String pointer = redis.get(name + ":generation");
      return (pointer == null ? "nothing:" : pointer) + template();
    }
  }

  @Override
  public Sink open() {
    SinkConfig.Redis config = config(name, server.url(), template(), kind);
    return new FirstGeneration(config, () -> new RedisGenerations(config, Duration.ofSeconds(2)));
  }

  @Override
  public Optional<String> read(TableSchema table, String key) {
    byte[] row = new KeyTemplate(names()).name(table.table(), key.getBytes(UTF_8));
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      byte[] value = redis.get(row);
      return value == null ? Optional.empty() : Optional.of(new String(value, UTF_8));
    }
  }

  @Override
  public long count(TableSchema table) {
    Set<String> names = new HashSet<>();
    ScanParams ours =
        new ScanParams()
            .match(names().substring(0, names().indexOf('{')) + table.table().inSource() + ":*")
            .count(10_000);
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      String cursor = ScanParams.SCAN_POINTER_START;
      do {
        ScanResult<String> page = redis.scan(cursor, ours);
        names.addAll(page.getResult());
        cursor = page.getCursor();
      } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
    }
    return names.size();
  }

  @Override
  public void byHand(TableSchema table, String key, @Nullable String row) {
    byte[] name = new KeyTemplate(template()).name(table.table(), key.getBytes(UTF_8));
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      if (row == null) {
        redis.del(name);
      } else {
        redis.set(name, row.getBytes(UTF_8));
      }
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
    }
  }
}

package dev.headwater.sinks.redis;

import static dev.headwater.sinks.TestRows.column;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.ServerOptions;
import dev.headwater.sinks.ParkingContract;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkProgress;
import dev.headwater.sinks.TestRows;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/** Values that are larger than Redis takes. */
class RedisParkingIT extends ParkingContract {
  private static final Pattern QTY = Pattern.compile("\"qty\":(\\d+)}");
  private static final String LARGE = "x".repeat(1536 << 10);
  private static final String TOO_LARGE = "x".repeat(5 << 19);

  private static RedisServer server;

  @BeforeAll
  static void start() {
    server = RedisServer.start(ServerOptions.defaults().withSetting("proto-max-bulk-len", "2mb"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Override
  protected TestRows table() {
    return TestRows.of(
        List.of(
            column("id", "int8", "bigint", false),
            column("name", "text", "text", true),
            column("note", "text", "text", true),
            column("qty", "int4", "integer", true)),
        "id");
  }

  @Override
  protected SinkConfig config(TestRows table) {
    return RedisTarget.config(
        name,
        server.url(),
        name + ":{id}",
        SinkConfig.Redis.Generations.POINTER,
        table.schema().table().toString());
  }

  @Override
  protected String refusedName() {
    return TOO_LARGE;
  }

  @Override
  protected String refusedNote() {
    return LARGE;
  }

  @Override
  protected void spoil() {
    limit("1mb");
  }

  @Override
  protected void mend() {
    limit("2mb");
  }

  private static void limit(String bytes) {
    set("proto-max-bulk-len", bytes);
  }

  private static void set(String setting, String value) {
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      redis.configSet(setting, value);
    }
  }

  @Test
  void memoryThatIsFullIsNoBadRow() throws Exception {
    put(1, 1);
    sink().await(() -> rows().size() == 1);
    set("maxmemory", "1");
    try {
      put(2, 1);
      sink().await(() -> sink().status().feeding().detail().contains("OOM"));
      assertThat(sink().status().feeding().state()).isEqualTo(SinkProgress.State.RETRYING);
    } finally {
      set("maxmemory", "0");
    }
    sink().await(() -> rows().size() == 2);
    assertThat(parked()).isEmpty();
  }

  @Override
  protected boolean refusesCheaply() {
    return false;
  }

  @Override
  protected Map<Long, Integer> rows() {
    Map<Long, Integer> rows = new TreeMap<>();
    try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
      String prefix = redis.get(name + ":generation") + name + ":";
      for (String key : redis.keys(prefix + "*")) {
        String row = redis.get(key);
        // It may have been deleted since the names were asked for.
        Matcher qty = QTY.matcher(row == null ? "" : row);
        if (qty.find()) {
          rows.put(Long.parseLong(key.substring(prefix.length())), Integer.parseInt(qty.group(1)));
        }
      }
    }
    return rows;
  }
}

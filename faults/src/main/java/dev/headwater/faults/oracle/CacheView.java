package dev.headwater.faults.oracle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.faults.workload.Tables;
import java.io.IOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/** What Redis holds: {@code public.<table>:<id>}, each a row's JSON. */
public final class CacheView implements View {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "public.";

  private final String url;

  public CacheView(String url) {
    this.url = url;
  }

  @Override
  public String name() {
    return "cache";
  }

  @Override
  public Map<String, String> markers() throws IOException {
    Map<String, String> rows = new HashMap<>();
    try (Jedis redis = new Jedis(URI.create(url))) {
      read(redis, Tables.markers().mapToObj(id -> PREFIX + Rows.key("marker", id)).toList(), rows);
    }
    return rows;
  }

  @Override
  public Map<String, String> rows() throws IOException {
    Map<String, String> rows = new HashMap<>();
    try (Jedis redis = new Jedis(URI.create(url))) {
      String cursor = ScanParams.SCAN_POINTER_START;
      do {
        ScanResult<String> page =
            redis.scan(cursor, new ScanParams().match(PREFIX + "*").count(2_000));
        read(redis, page.getResult(), rows);
        cursor = page.getCursor();
      } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
    }
    return rows;
  }

  private static void read(Jedis redis, List<String> keys, Map<String, String> rows)
      throws IOException {
    if (keys.isEmpty()) {
      return;
    }
    List<String> values = redis.mget(keys.toArray(String[]::new));
    for (int i = 0; i < keys.size(); i++) {
      if (values.get(i) != null) {
        rows.put(keys.get(i).substring(PREFIX.length()), Rows.of(JSON.readTree(values.get(i))));
      }
    }
  }
}

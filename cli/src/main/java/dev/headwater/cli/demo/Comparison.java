package dev.headwater.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/**
 * Looks at the shop's rows in each target with an ordinary client, and compares with the source.
 */
final class Comparison {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final DemoServers servers;
  private final HttpClient http = HttpClient.newHttpClient();

  Comparison(DemoServers servers) {
    this.servers = servers;
  }

  /**
   * What one comparison found.
   *
   * @param where the target
   * @param source rows at the source
   * @param found rows in the target
   * @param different rows missing, extra or of another content
   */
  record Finding(String where, long source, long found, long different) {
    boolean isEqual() {
      return different == 0 && source == found;
    }
  }

  /** Each customer's JSON under its key, and no key more. */
  Finding cache() throws SQLException, IOException {
    Map<String, String> expected =
        column("SELECT 'customer:' || id, name || '|' || city FROM customers");
    Set<String> present = new HashSet<>();
    long different = 0;
    try (JedisPooled redis = new JedisPooled(URI.create(servers.redisUrl()))) {
      String cursor = ScanParams.SCAN_POINTER_START;
      do {
        ScanResult<String> page =
            redis.scan(cursor, new ScanParams().match("customer:*").count(1000));
        present.addAll(page.getResult());
        cursor = page.getCursor();
      } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
      for (Map.Entry<String, String> row : expected.entrySet()) {
        String value = redis.get(row.getKey());
        JsonNode json = value == null ? JSON.createObjectNode() : JSON.readTree(value);
        String found = json.path("name").asText() + "|" + json.path("city").asText();
        different += found.equals(row.getValue()) ? 0 : 1;
      }
    }
    for (String key : present) {
      different += expected.containsKey(key) ? 0 : 1;
    }
    return new Finding("Redis      customer:<id>", expected.size(), present.size(), different);
  }

  /** Each product's document, read page by page. */
  Finding search() throws SQLException, IOException, InterruptedException {
    Map<String, String> expected = column("SELECT id::text, price::text FROM products");
    post("/products/_refresh", "");
    Map<String, String> found = new HashMap<>();
    String after = "";
    while (true) {
      JsonNode hits =
          post("/products/_search", "{\"size\":1000,\"sort\":[{\"id\":\"asc\"}]" + after + "}")
              .path("hits")
              .path("hits");
      if (hits.isEmpty()) {
        break;
      }
      for (JsonNode hit : hits) {
        found.put(hit.path("_id").asText(), hit.path("_source").path("price").asText());
        after = ",\"search_after\":" + hit.path("sort");
      }
    }
    long different = 0;
    for (Map.Entry<String, String> row : expected.entrySet()) {
      different += row.getValue().equals(found.get(row.getKey())) ? 0 : 1;
    }
    for (String id : found.keySet()) {
      different += expected.containsKey(id) ? 0 : 1;
    }
    return new Finding("OpenSearch /products", expected.size(), found.size(), different);
  }

  /** Every row of a replicated table, whole, as text. */
  Finding replica(String table) throws SQLException {
    Map<String, String> source = column("SELECT id::text, t::text FROM " + table + " t");
    Map<String, String> replica = new HashMap<>();
    try (Connection connection = servers.connect("reporting")) {
      read(connection, "SELECT id::text, t::text FROM shop." + table + " t", replica);
    }
    long different = 0;
    for (Map.Entry<String, String> row : source.entrySet()) {
      different += row.getValue().equals(replica.get(row.getKey())) ? 0 : 1;
    }
    for (String id : replica.keySet()) {
      different += source.containsKey(id) ? 0 : 1;
    }
    return new Finding("PostgreSQL shop." + table, source.size(), replica.size(), different);
  }

  private Map<String, String> column(String sql) throws SQLException {
    Map<String, String> rows = new HashMap<>();
    try (Connection connection = servers.connect("shop")) {
      read(connection, sql, rows);
    }
    return rows;
  }

  private static void read(Connection connection, String sql, Map<String, String> into)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(sql)) {
      while (rs.next()) {
        into.put(rs.getString(1), rs.getString(2));
      }
    }
  }

  private JsonNode post(String path, String body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(servers.searchUrl() + path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    return JSON.readTree(new String(response.body(), StandardCharsets.UTF_8));
  }
}

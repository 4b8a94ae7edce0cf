package dev.headwater.cli.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.devservices.DevServer;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import redis.clients.jedis.Jedis;

/** A target of table {@code orders (id, name)} on a server of its own, read as its users do. */
interface RebuildTarget extends AutoCloseable {
  String SINK = "rebuilt";

  /** Which sink, and which way of keeping generations. */
  enum Kind {
    POSTGRES,
    REDIS_POINTER,
    REDIS_IN_PLACE,
    OPENSEARCH;

    RebuildTarget start() throws SQLException {
      return switch (this) {
        case POSTGRES -> new Replica();
        case REDIS_POINTER -> new Cache(true);
        case REDIS_IN_PLACE -> new Cache(false);
        case OPENSEARCH -> new Index();
      };
    }
  }

  /** What stands in the YAML beside name and tables. */
  String settings();

  /** The names by id that a reader finds; none before the target is made. */
  Map<Integer, String> rows() throws Exception;

  DevServer server();

  @Override
  default void close() {
    server().close();
  }

  /** A replica. */
  record Replica(PostgresServer server) implements RebuildTarget {
    Replica() {
      this(PostgresServer.start());
    }

    @Override
    public String settings() {
      return "type: postgres, url: \"%s\", user: %s, password: \"%s\", schema: shop"
          .formatted(
              server.jdbcUrl("postgres").replaceFirst("^jdbc:", ""),
              PostgresServer.USER,
              PostgresServer.PASSWORD);
    }

    @Override
    public Map<Integer, String> rows() throws SQLException {
      Map<Integer, String> rows = new TreeMap<>();
      try (Connection connection =
              DriverManager.getConnection(
                  server.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
          Statement statement = connection.createStatement();
          ResultSet rs = statement.executeQuery("SELECT id, name FROM shop.orders")) {
        while (rs.next()) {
          rows.put(rs.getInt(1), rs.getString(2));
        }
      } catch (SQLException e) {
        if (!"42P01".equals(e.getSQLState())) {
          throw e;
        }
      }
      return rows;
    }
  }

  /** A cache. */
  record Cache(boolean byPointer, RedisServer server) implements RebuildTarget {
    private static final ObjectMapper JSON = new ObjectMapper();

    Cache(boolean byPointer) {
      this(byPointer, RedisServer.start());
    }

    @Override
    public String settings() {
      return "type: redis, url: \"%s\", key: \"order:{id}\", generations: %s"
          .formatted(server.url(), byPointer ? "pointer" : "in_place");
    }

    @Override
    public Map<Integer, String> rows() throws IOException {
      Map<Integer, String> rows = new TreeMap<>();
      try (Jedis redis = new Jedis("127.0.0.1", server.port())) {
        String prefix = byPointer ? redis.get(SINK + ":generation") : "";
        if (prefix == null) {
          return rows;
        }
        for (String key : redis.keys(prefix + "order:*")) {
          String value = redis.get(key);
          // Deleted since the names were listed.
          if (value != null) {
            JsonNode row = JSON.readTree(value);
            rows.put(row.get("id").asInt(), row.get("name").asText());
          }
        }
      }
      return rows;
    }
  }

  /** A search index. */
  record Index(OpenSearchServer server) implements RebuildTarget {
    private static final ObjectMapper JSON = new ObjectMapper();

    Index() {
      this(OpenSearchServer.start());
    }

    @Override
    public String settings() {
      return "type: opensearch, url: \"%s\", index: orders".formatted(server.url());
    }

    @Override
    public Map<Integer, String> rows() throws IOException, InterruptedException {
      // A server that has just started answers before it knows of its indices.
      send("/_cluster/health?wait_for_status=yellow&timeout=60s", "GET");
      HttpResponse<String> refreshed = send("/orders/_refresh", "POST");
      Map<Integer, String> rows = new TreeMap<>();
      if (refreshed.statusCode() == 404) {
        return rows;
      }
      HttpResponse<String> found = send("/orders/_search?size=10000", "GET");
      if (found.statusCode() != 200) {
        throw new IOException("the search answered " + found.body());
      }
      for (JsonNode hit : JSON.readTree(found.body()).path("hits").path("hits")) {
        JsonNode row = hit.get("_source");
        rows.put(row.get("id").asInt(), row.get("name").asText());
      }
      return rows;
    }

    private HttpResponse<String> send(String path, String method)
        throws IOException, InterruptedException {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(URI.create(server.url() + path))
                  .method(method, HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
    }
  }
}

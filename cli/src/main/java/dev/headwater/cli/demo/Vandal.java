package dev.headwater.cli.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import redis.clients.jedis.JedisPooled;

/**
 * Somebody who changes, deletes and adds rows in the three targets by hand, with ordinary clients.
 * The shop's traffic keeps away from the rows that are touched here.
 */
final class Vandal {
  /** So many rows of each kind in each target. */
  static final int EACH = 5;

  private static final long NOBODYS = 77_000_000L;

  private final DemoServers servers;
  private final HttpClient http = HttpClient.newHttpClient();

  Vandal(DemoServers servers) {
    this.servers = servers;
  }

  void strike() throws SQLException, IOException, InterruptedException {
    try (JedisPooled redis = new JedisPooled(URI.create(servers.redisUrl()));
        Connection connection = servers.connect("reporting");
        Statement replica = connection.createStatement()) {
      for (int i = 1; i <= EACH; i++) {
        int deleted = EACH + i;
        long ghost = NOBODYS + i;
        redis.set("customer:" + i, "{\"id\":" + i + ",\"name\":\"Mallory\"}");
        redis.del("customer:" + deleted);
        redis.set("customer:" + ghost, "{\"id\":" + ghost + ",\"name\":\"Nobody\"}");
        send("PUT", i, "{\"id\":" + i + ",\"name\":\"Lamp\",\"price\":\"0.01\"}");
        send("DELETE", deleted, "");
        send("PUT", ghost, "{\"id\":" + ghost + ",\"name\":\"Lamp that is not sold\"}");
        replica.execute("UPDATE shop.orders SET total = 0 WHERE id = " + i);
        replica.execute("DELETE FROM shop.orders WHERE id = " + deleted);
        replica.execute(
            "INSERT INTO shop.orders (id, customer_id, product_id, quantity, total, status,"
                + " ordered_at) VALUES ("
                + ghost
                + ", 1, 1, 1, 9, 'paid', now())");
      }
    }
  }

  private void send(String method, long id, String document)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(servers.searchUrl() + "/products/_doc/" + id))
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(document))
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() >= 300) {
      throw new IOException(method + " of document " + id + " was answered " + answer.statusCode());
    }
  }
}

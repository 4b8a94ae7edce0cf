package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An OpenSearch server behind a door that refuses a search of too wide a range of sequence numbers,
 * as the server itself does when the answer does not fit into its memory.
 */
final class TightServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String REFUSAL =
      "{\"error\":{\"type\":\"circuit_breaking_exception\",\"reason\":\"too large for it\"}}";

  private final String behind;
  private final long widest;
  private final AtomicInteger refused = new AtomicInteger();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpClient client = HttpClient.newHttpClient();
  private final HttpServer server;

  TightServer(String behind, long widest) throws IOException {
    this.behind = behind;
    this.widest = widest;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  int refused() {
    return refused.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    if (isTooWide(body)) {
      refused.incrementAndGet();
      answer(exchange, 429, REFUSAL.getBytes(UTF_8));
      return;
    }
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(behind + exchange.getRequestURI()))
            .header("Content-Type", "application/json")
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    try {
      HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
      answer(exchange, response.statusCode(), response.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.close();
    }
  }

  private boolean isTooWide(byte[] body) throws IOException {
    JsonNode range = JSON.readTree(body).path("query").path("range").path("_seq_no");
    return range.isObject() && range.path("lt").asLong() - range.path("gte").asLong() > widest;
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}

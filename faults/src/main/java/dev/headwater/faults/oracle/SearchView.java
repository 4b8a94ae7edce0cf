package dev.headwater.faults.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.faults.workload.Tables;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What OpenSearch holds in the index {@code everything}, read page by page. */
public final class SearchView implements View {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "shop.public.";
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final String url;
  private final HttpClient http = HttpClient.newHttpClient();

  public SearchView(String url) {
    this.url = url;
  }

  @Override
  public String name() {
    return "search";
  }

  @Override
  public Map<String, String> markers() throws IOException, InterruptedException {
    String ids =
        Tables.markers()
            .mapToObj(id -> '"' + PREFIX + Rows.key("marker", id) + '"')
            .collect(Collectors.joining(","));
    Map<String, String> rows = new HashMap<>();
    for (JsonNode found : post("/everything/_mget", "{\"ids\":[" + ids + "]}").path("docs")) {
      if (found.path("found").asBoolean()) {
        put(found, rows);
      }
    }
    return rows;
  }

  @Override
  public Map<String, String> rows() throws IOException, InterruptedException {
    post("/everything/_refresh", "");
    Map<String, String> rows = new HashMap<>();
    JsonNode page = post("/everything/_search?scroll=1m", "{\"size\":5000,\"sort\":[\"_doc\"]}");
    while (!page.path("hits").path("hits").isEmpty()) {
      page.path("hits").path("hits").forEach(hit -> put(hit, rows));
      page =
          post(
              "/_search/scroll",
              "{\"scroll\":\"1m\",\"scroll_id\":" + page.path("_scroll_id") + "}");
    }
    return rows;
  }

  private static void put(JsonNode document, Map<String, String> rows) {
    String id = document.path("_id").asText();
    String key = id.startsWith(PREFIX) ? id.substring(PREFIX.length()) : id;
    rows.put(key, Rows.of(document.path("_source")));
  }

  private JsonNode post(String path, String body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + path))
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    if (response.statusCode() == 404) {
      return JSON.createObjectNode();
    }
    if (response.statusCode() >= 300) {
      throw new IOException(path + " answered " + response.statusCode());
    }
    return JSON.readTree(response.body());
  }
}

package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.OpenSearchServer;
import java.util.List;
import java.util.Random;

/** A search index behind an alias, read by get, search and scroll, and at a point in time. */
final class OpenSearchSwitch implements SwitchTarget {
  private static final String NAME = "opensearch";
  private static final int PAGE = 10_000;

  private final OpenSearchServer server;
  private final SearchHttp http;
  private final long rows;
  private final String counted;

  OpenSearchSwitch(Lab lab, long rows) {
    this.server = lab.servers.openSearch();
    this.http = new SearchHttp(server.url());
    this.rows = rows;
    this.counted = "{\"range\":{\"id\":{\"lte\":" + rows + "}}}";
    Progress.say("OpenSearch listens on port " + server.port());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public long pid() {
    return server.pid();
  }

  @Override
  public String yaml(String topic) {
    return """
      - name: %s
        type: opensearch
        url: %s
        tables: [%s]
        index: %s
    """
        .formatted(NAME, server.url(), topic, NAME);
  }

  @Override
  public long rows() {
    boolean isThere = http.get("/_cat/aliases/" + NAME + "?format=json").size() > 0;
    return isThere ? http.get("/" + NAME + "/_count").path("count").asLong() : 0;
  }

  @Override
  public List<Reader> readers() {
    return List.of(
        new Reader("get of a row", Get::new),
        new Reader("search, count and sum of all", Search::new),
        new Reader("scroll over all", Scroll::new));
  }

  @Override
  public List<Held> hold() {
    return List.of(
        new Held("point in time from before the load", false, new PointInTime()),
        new Held("scroll from before the load", false, new OpenScroll()));
  }

  /** Without a version: the server gives each document the next above the one it has. */
  @Override
  public void spoil(List<Long> changed, List<Long> deleted, List<Long> added) {
    StringBuilder bulk = new StringBuilder();
    for (long id : changed) {
      bulk.append("{\"update\":{\"_id\":\"" + id + "\"}}\n{\"doc\":{\"version\":-1}}\n");
    }
    for (long id : deleted) {
      bulk.append("{\"delete\":{\"_id\":\"" + id + "\"}}\n");
    }
    for (long id : added) {
      bulk.append("{\"index\":{\"_id\":\"" + id + "\"}}\n{\"id\":" + id + "}\n");
    }
    String index = http.get("/" + NAME).fieldNames().next();
    JsonNode answer = http.post("/" + index + "/_bulk?refresh=true", bulk.toString());
    if (answer.path("errors").asBoolean()) {
      throw new BenchmarkException("documents could not be spoiled: " + answer);
    }
  }

  @Override
  public long diskBytes() {
    JsonNode total = http.get("/" + NAME + "-g*/_stats/store,translog").path("_all").path("total");
    return total.path("store").path("size_in_bytes").asLong()
        + total.path("translog").path("size_in_bytes").asLong();
  }

  @Override
  public boolean isDropped() {
    return http.get("/_cat/indices/" + NAME + "-g*?format=json").size() == 1;
  }

  /** Rows that are often changed, one at a time; knows the index that answers. */
  private final class Get implements Reader.Reading {
    private final Random random = new Random(19);
    private final Versions versions = new Versions(LiveWriter.HOT_ROWS);

    @Override
    public void once(ReadLog log) {
      int id = 1 + random.nextInt(LiveWriter.HOT_ROWS);
      JsonNode found = http.get("/" + NAME + "/_doc/" + id);
      log.servedBy(found.path("_index").asText());
      versions.saw(id, found.path("_source").path("version").asLong(-1), log);
    }
  }

  private final class Search implements Reader.Reading {
    private long last;

    @Override
    public void once(ReadLog log) {
      JsonNode answer =
          http.post(
              "/" + NAME + "/_search",
              "{\"size\":0,\"track_total_hits\":true,\"query\":"
                  + counted
                  + ",\"aggs\":{\"sum\":{\"sum\":{\"field\":\"version\"}}}}");
      requireWhole(answer, log);
      log.requireRows(rows, total(answer));
      long sum = answer.path("aggregations").path("sum").path("value").asLong(-1);
      log.requireNotBelow(last, sum, "the sum");
      last = sum;
    }
  }

  private final class Scroll implements Reader.Reading {
    @Override
    public void once(ReadLog log) {
      String id = "";
      try {
        JsonNode page = firstPage();
        id = page.path("_scroll_id").asText();
        log.requireRows(rows, size(page) + restOf(id, log));
      } finally {
        endScroll(id);
      }
    }
  }

  private JsonNode firstPage() {
    return http.post(
        "/" + NAME + "/_search?scroll=30m",
        "{\"size\":"
            + PAGE
            + ",\"sort\":[\"_doc\"],\"_source\":false,\"docvalue_fields\":[\"version\"],\"query\":"
            + counted
            + "}");
  }

  private long restOf(String scroll, ReadLog log) {
    long found = 0;
    int page;
    do {
      JsonNode answer =
          http.post("/_search/scroll", "{\"scroll\":\"30m\",\"scroll_id\":\"" + scroll + "\"}");
      requireWhole(answer, log);
      page = size(answer);
      found += page;
    } while (page > 0);
    return found;
  }

  private void endScroll(String scroll) {
    if (!scroll.isEmpty()) {
      http.send("DELETE", "/_search/scroll", "{\"scroll_id\":[\"" + scroll + "\"]}");
    }
  }

  private static int size(JsonNode answer) {
    return answer.path("hits").path("hits").size();
  }

  private static long total(JsonNode answer) {
    return answer.path("hits").path("total").path("value").asLong();
  }

  private static void requireWhole(JsonNode answer, ReadLog log) {
    if (answer.path("timed_out").asBoolean() || answer.path("_shards").path("failed").asInt() > 0) {
      log.error("a part of the index did not answer: " + answer.path("_shards"));
    }
  }

  /** Opened before the load; the index it is on is not dropped as long as it is. */
  private final class PointInTime implements Reader.Reading {
    private final String id =
        http.post("/" + NAME + "/_search/point_in_time?keep_alive=1h", "").path("pit_id").asText();

    @Override
    public void once(ReadLog log) {
      JsonNode answer =
          http.post(
              "/_search",
              "{\"size\":0,\"track_total_hits\":true,\"pit\":{\"id\":\""
                  + id
                  + "\"},\"query\":"
                  + counted
                  + "}");
      requireWhole(answer, log);
      log.requireRows(rows, total(answer));
    }

    @Override
    public void close() {
      http.send("DELETE", "/_search/point_in_time", "{\"pit_id\":[\"" + id + "\"]}");
    }
  }

  /** Its first page is read before the load, the others long after. */
  private final class OpenScroll implements Reader.Reading {
    private final String id;
    private final long before;

    OpenScroll() {
      JsonNode page = firstPage();
      this.id = page.path("_scroll_id").asText();
      this.before = size(page);
    }

    @Override
    public void once(ReadLog log) {
      log.requireRows(rows, before + restOf(id, log));
    }

    @Override
    public void close() {
      endScroll(id);
    }
  }
}

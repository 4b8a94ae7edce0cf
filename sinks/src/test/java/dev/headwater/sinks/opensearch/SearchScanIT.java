package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SearchScanIT {
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final int DOCUMENTS = 20_000;

  private final String index = "scan-" + NAMES.incrementAndGet() + "-" + System.nanoTime();
  private final String url = SharedServices.openSearch().url();
  private final Http http = new Http(url);
  private final SearchClient client = client(url);
  private final Map<String, String> found = new TreeMap<>();

  @BeforeEach
  void makeIndex() {
    http.send(
        "PUT",
        "/" + index,
        "{\"settings\":{\"number_of_shards\":2,\"number_of_replicas\":0},"
            + "\"mappings\":{\"dynamic\":false}}");
  }

  @AfterEach
  void close() {
    http.send("DELETE", "/" + index, "");
    client.close();
  }

  @Test
  void bringsEachDocumentOnceAsItStoodWhenTheScanBegan() {
    Map<String, String> expected = new TreeMap<>();
    index(expected, 0, DOCUMENTS, 1);
    // Some are written anew, some are gone: numbers without a document.
    for (int id = 0; id < DOCUMENTS; id += 1_000) {
      index(expected, id, id + 100, 2);
    }
    for (String id : List.of("7", "77", "777")) {
      http.send("DELETE", "/" + index + "/_doc/" + id, "");
      expected.remove(id);
    }

    SearchScan.ofDocuments(client, index)
        .run(
            document -> {
              add(document);
              if (found.size() == 10) {
                // What others write meanwhile is none of this scan's.
                index(new TreeMap<>(), 0, DOCUMENTS + 500, 3);
                http.send("POST", "/" + index + "/_refresh", "");
              }
            });

    assertThat(found).isEqualTo(expected);
  }

  @Test
  void bringsDocumentsThatAreFarLargerThanThoseBefore() {
    Map<String, String> expected = new TreeMap<>();
    index(expected, 0, 5_000, 1);
    String large = "{\"v\":\"" + "y".repeat(3 << 20) + "\"}";
    for (int id = 0; id < 12; id++) {
      http.send("PUT", "/" + index + "/_doc/large-" + id, large);
      expected.put("large-" + id, large);
    }

    SearchScan.ofDocuments(client, index).run(this::add);

    assertThat(found.keySet()).isEqualTo(expected.keySet());
    assertThat(found.equals(expected)).as("contents").isTrue();
    Map<String, FoundDocuments.Document> byId =
        client.byId(index, expected.keySet().stream().map(id -> id.getBytes(UTF_8)).toList());
    assertThat(byId.keySet()).isEqualTo(expected.keySet());
  }

  @Test
  void crossesALongStretchOfNumbersThatNoDocumentHas() {
    Map<String, String> expected = new TreeMap<>();
    index(expected, 0, 10, 1);
    Random random = new Random(7);
    for (int round = 0; round < 20; round++) {
      int first = 10 + random.nextInt(10);
      for (int again = 0; again < 3; again++) {
        index(expected, first, first + 1_000, round);
      }
    }

    SearchScan.ofIds(client, index).run(this::add);

    assertThat(found.keySet()).isEqualTo(expected.keySet());
  }

  @Test
  void aServerThatFindsARangeTooMuchIsAskedForLess() throws Exception {
    Map<String, String> expected = new TreeMap<>();
    index(expected, 0, 200, 1);

    try (TightServer tight = new TightServer(url, 10);
        SearchClient through = client(tight.url())) {
      SearchScan.ofDocuments(through, index, Duration.ofSeconds(30)).run(this::add);
      assertThat(tight.refused()).isPositive();
    }

    assertThat(found).isEqualTo(expected);
  }

  @Test
  void aServerThatAnswersNoRangeIsGivenUp() throws Exception {
    index(new TreeMap<>(), 0, 10, 1);
    try (TightServer tight = new TightServer(url, 0);
        SearchClient through = client(tight.url())) {
      assertThatThrownBy(
              () -> SearchScan.ofDocuments(through, index, Duration.ofSeconds(2)).run(this::add))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.TARGET_UNREACHABLE))
          .hasMessageContaining("too large for it");
    }
    assertThat(found).isEmpty();
  }

  @Test
  void anEmptyIndexHasNoDocuments() {
    SearchScan.ofDocuments(client, index).run(this::add);
    assertThat(found).isEmpty();
  }

  private SearchClient client(String at) {
    return new SearchClient(
        OpenSearchTarget.config(index, at, List.of(), Map.of()),
        Duration.ofSeconds(30),
        new SearchFailures(index, at));
  }

  private void add(FoundDocuments.Document document) {
    String id = new String(document.id(), UTF_8);
    assertThat(found.put(id, new String(document.source(), UTF_8))).as("twice: " + id).isNull();
  }

  private void index(Map<String, String> expected, int from, int to, int version) {
    StringBuilder bulk = new StringBuilder();
    for (int id = from; id < to; id++) {
      String source = "{\"n\":" + version + "}";
      bulk.append("{\"index\":{\"_id\":\"").append(id).append("\"}}\n").append(source).append('\n');
      expected.put(String.valueOf(id), source);
    }
    assertThat(
            http.send("POST", "/" + index + "/_bulk", bulk.toString()).path("errors").asBoolean())
        .isFalse();
  }
}

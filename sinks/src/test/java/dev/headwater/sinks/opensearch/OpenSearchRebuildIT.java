package dev.headwater.sinks.opensearch;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.RebuildProgress;
import dev.headwater.sinks.RunningSink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkWish;
import dev.headwater.sinks.TestLog;
import dev.headwater.sinks.TestRows;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A search index rebuilt beside itself, with real readers and writers at work all the while. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class OpenSearchRebuildIT {
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();
  private static final String URL = SharedServices.openSearch().url();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final int ROWS = 1_000;

  private final String name =
      "again-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
  private final TestRows rows = TestRows.withNumberKey();
  private final Random random = new Random(7);
  private final TreeMap<Integer, String> expected = new TreeMap<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final Http http = new Http(URL);
  private TestLog log;

  private void fill(Duration deleteRetention) {
    log = new TestLog(BROKERS, rows, 2, deleteRetention);
    for (int id = 0; id < ROWS; id++) {
      put(id, 0);
    }
    log.commit();
  }

  @AfterEach
  void closeAll() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    log.close();
    http.send("DELETE", "/" + name + "-g*", "");
  }

  @Test
  void readersOfEveryKindSeeWholeIndicesOverSwitchRollbackAndDrop() throws Exception {
    fill(Duration.ofDays(7));
    RunningSink sink = start(Map.of(), Duration.ofSeconds(1));
    sink.await(() -> contents().equals(expected));
    http.send(
        "POST",
        "/_aliases",
        "{\"actions\":[{\"add\":{\"index\":\"%s-g1\",\"alias\":\"%s-low\",\"routing\":\"r\",\"filter\":{\"range\":{\"id\":{\"lt\":10}}}}}]}"
            .formatted(name, name));
    Traffic traffic = new Traffic();
    opened.add(traffic);
    Readers readers = new Readers();
    opened.add(readers);
    String scroll =
        http.send("POST", "/" + name + "/_search?scroll=5m", "{\"size\":300,\"sort\":[\"_doc\"]}")
            .path("_scroll_id")
            .asText();
    String pit =
        http.send("POST", "/" + name + "/_search/point_in_time?keep_alive=5m", "")
            .path("pit_id")
            .asText();

    sink.wish(SinkWish.Action.REBUILD, true);
    sink.await(() -> sink.status().generation() == 2);
    sink.wish(SinkWish.Action.ROLLBACK, false);
    sink.await(() -> sink.status().generation() == 1);
    sink.wish(SinkWish.Action.ROLLBACK, false);
    sink.await(() -> sink.status().generation() == 2);
    // The one that was kept goes, but not before those who read it are done.
    sink.wish(SinkWish.Action.REBUILD, false);
    sink.await(() -> sink.status().generation() == 3);
    assertThat(restOfScroll(scroll)).isEqualTo(ROWS - 300);
    assertThat(countByPit(pit)).isEqualTo(ROWS);
    http.send("DELETE", "/_search/scroll", "{\"scroll_id\":[\"" + scroll + "\"]}");
    http.send("DELETE", "/_search/point_in_time", "{\"pit_id\":[\"" + pit + "\"]}");
    sink.await(() -> indices().equals(Set.of(name + "-g3")));
    readers.close();
    traffic.close();

    sink.await(() -> contents().equals(expected));
    assertThat(readers.failures).isEmpty();
    assertThat(readers.reads.get()).isGreaterThan(50);
    JsonNode moved = http.get("/" + name + "-low/_alias/" + name + "-low").path(name + "-g3");
    assertThat(moved.findPath("lt").asInt()).isEqualTo(10);
    assertThat(moved.findPath("search_routing").asText()).isEqualTo("r");
    assertThat(http.get("/" + name + "-g3/_settings?flat_settings=true").toString())
        .contains("\"index.refresh_interval\":\"1s\"")
        .contains("\"index.auto_expand_replicas\":\"0-1\"");
  }

  @Test
  void anotherMappingIsBuiltBesideAndOneThatIsCutGoesOn() throws Exception {
    fill(Duration.ofDays(7));
    RunningSink before = start(Map.of(), Duration.ofHours(1));
    before.await(() -> contents().equals(expected));
    before.close();
    // A name that somebody else has taken is passed over.
    http.send("PUT", "/" + name + "-g2", "{}");
    http.send("PUT", "/" + name + "-g2/_doc/1", "{\"id\":\"theirs\"}");

    RunningSink cut = start(Map.of("qty", "keyword"), Duration.ofHours(1));
    cut.rebuild(200);
    cut.await(() -> cut.status().rebuild().map(RebuildProgress::rows).orElse(0L) > 100);
    cut.close();
    assertThat(http.get("/" + name + "-g3/_settings?flat_settings=true").toString())
        .contains("\"index.refresh_interval\":\"-1\"");
    RunningSink after = start(Map.of("qty", "keyword"), Duration.ofHours(1));
    after.await(() -> after.status().generation() == 3);

    assertThat(contents()).isEqualTo(expected);
    assertThat(http.get("/" + name + "/_mapping").findPath("qty").path("type").asText())
        .isEqualTo("keyword");
    assertThat(http.get("/" + name + "-g2/_doc/1").findPath("id").asText()).isEqualTo("theirs");
    // It was asked for by the file: it stays away once it was rolled back by hand.
    after.wish(SinkWish.Action.ROLLBACK, false);
    after.await(() -> after.status().generation() == 1);
    put(1, 77);
    log.commit();
    after.await(() -> contents().equals(expected));
    assertThat(after.status().rebuild()).isEmpty();
  }

  @Test
  void ghostsAreSweptAfterAnOutage() throws Exception {
    fill(Duration.ofSeconds(6));
    RunningSink before = start(Map.of(), Duration.ofHours(1));
    before.await(() -> contents().equals(expected));
    before.close();
    // What is left where a delete was missed, under a version above all that the log still has.
    http.send(
        "PUT",
        "/" + name + "-g1/_doc/900001?version_type=external&version=1000000000",
        row(900_001, "ghost", 1));
    Thread.sleep(3_500);
    put(5, 55);
    log.commit();

    RunningSink after = start(Map.of(), Duration.ofHours(1));

    after.await(() -> contents().equals(expected));
  }

  @Test
  void anIndexThatWasPutThereByOthersIsFilledAndSwept() throws Exception {
    fill(Duration.ofDays(7));
    RunningSink sink = start(Map.of(), Duration.ofHours(1));
    sink.await(() -> contents().equals(expected));

    // As a restored one looks: with rows, another identity, and no checkpoint.
    http.send("DELETE", "/" + name + "-g1", "");
    http.send("PUT", "/" + name + "-g1", "{\"aliases\":{\"" + name + "\":{}}}");
    http.send("PUT", "/" + name + "-g1/_doc/900001", row(900_001, "ghost", 1));

    sink.await(() -> contents().equals(expected));
  }

  private synchronized void put(int id, int qty) {
    expected.put(id, row(id, "n" + random.nextInt(1_000_000), qty));
    log.put(key(id), expected.get(id));
  }

  private RunningSink start(Map<String, String> mapping, Duration grace) {
    SinkConfig config =
        OpenSearchTarget.config(name, URL, List.of(rows.schema().table().toString()), mapping);
    RunningSink running = new RunningSink(config, BROKERS, grace);
    opened.add(running);
    return running;
  }

  private Set<String> indices() {
    Set<String> names = new HashSet<>();
    http.get("/" + name + "-g*/_alias").fieldNames().forEachRemaining(names::add);
    return names;
  }

  private TreeMap<Integer, String> contents() {
    TreeMap<Integer, String> found = new TreeMap<>();
    http.send("POST", "/" + name + "/_refresh", "");
    http.send("POST", "/" + name + "/_search", "{\"size\":10000}")
        .path("hits")
        .path("hits")
        .forEach(
            hit -> found.put(hit.path("_source").path("id").asInt(), "" + hit.path("_source")));
    return found;
  }

  private int restOfScroll(String scroll) {
    int found = 0;
    int page;
    do {
      page =
          http.send(
                  "POST",
                  "/_search/scroll",
                  "{\"scroll\":\"5m\",\"scroll_id\":\"%s\"}".formatted(scroll))
              .path("hits")
              .path("hits")
              .size();
      found += page;
    } while (page > 0);
    return found;
  }

  private int countByPit(String pit) {
    return http.send(
            "POST",
            "/_search",
            "{\"size\":0,\"track_total_hits\":true,\"pit\":{\"id\":\"%s\"}}".formatted(pit))
        .path("hits")
        .path("total")
        .path("value")
        .asInt();
  }

  /** Updates of living rows: the count of rows never changes, and no number ever falls. */
  private final class Traffic implements AutoCloseable {
    private volatile boolean stopped;
    private final Thread thread = new Thread(this::run, "traffic");

    Traffic() {
      thread.start();
    }

    private void run() {
      for (int i = 1; !stopped; i++) {
        put(random.nextInt(ROWS), i);
        if (i % 5 == 0) {
          synchronized (OpenSearchRebuildIT.this) {
            log.commit();
          }
        }
      }
      log.commit();
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }

  /** Readers without a pause; each notes what it must never see. */
  private final class Readers implements AutoCloseable {
    private final List<String> failures = new ArrayList<>();
    private final AtomicLong reads = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    Readers() {
      start("search", this::search);
      start("get", this::get);
      start("scroll", this::scroll);
    }

    private long search(long floor) {
      JsonNode answer =
          http.send(
              "POST",
              "/" + name + "/_search",
              "{\"size\":0,\"track_total_hits\":true,\"aggs\":{\"sum\":{\"sum\":{\"field\":\"qty\"}}}}");
      require(answer.path("hits").path("total").path("value").asInt() == ROWS, answer);
      long sum = answer.path("aggregations").path("sum").path("value").asLong(-1);
      require(sum >= floor, "search: from " + floor + " back to " + sum);
      return sum;
    }

    private long get(long floor) {
      JsonNode answer = http.get("/" + name + "/_doc/7");
      require(answer.path("found").asBoolean(), answer);
      long qty = answer.path("_source").path("qty").asLong(-1);
      require(qty >= floor, "get: from " + floor + " back to " + qty);
      return qty;
    }

    private long scroll(long floor) {
      JsonNode first =
          http.send(
              "POST", "/" + name + "/_search?scroll=1m", "{\"size\":400,\"sort\":[\"_doc\"]}");
      String id = first.path("_scroll_id").asText();
      int found = first.path("hits").path("hits").size() + restOfScroll(id);
      require(found == ROWS, "scroll: " + found + " rows, " + first.path("error"));
      http.send("DELETE", "/_search/scroll", "{\"scroll_id\":[\"" + id + "\"]}");
      return floor;
    }

    private void require(boolean isSo, Object what) {
      if (!isSo) {
        synchronized (failures) {
          failures.add("" + what);
        }
      }
    }

    private void start(String kind, Reading reading) {
      Thread thread =
          new Thread(
              () -> {
                long last = 0;
                while (!stopped) {
                  try {
                    last = reading.once(last);
                    reads.incrementAndGet();
                  } catch (RuntimeException e) {
                    require(false, kind + ": " + e);
                  }
                }
              },
              kind);
      threads.add(thread);
      thread.start();
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private interface Reading {
    long once(long last);
  }
}

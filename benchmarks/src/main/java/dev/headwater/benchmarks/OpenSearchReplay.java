package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.devservices.OpenSearchServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A search index in OpenSearch. The interval begins with the first document that is indexed and
 * ends when all are and have been refreshed. Beside it the same documents with the same ids and
 * versions by {@code _bulk} alone, from memory, into an index with the same mapping and settings.
 */
final class OpenSearchReplay {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BULK_BYTES = 5 << 20;
  private static final int IN_FLIGHT = 2;
  private static final long MAX_SECONDS = 400;
  private static final String NAME = "search";

  private final Lab lab;
  private final Options options;
  private final Report report;
  private final OpenSearchServer server;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<byte[]> bodies;

  OpenSearchReplay(Lab lab, Options options, Report report) {
    this.lab = lab;
    this.options = options;
    this.report = report;
    this.server = lab.servers.openSearch();
    this.bodies = bodies();
    warmUp();
  }

  /**
   * The server, which runs in a virtual machine, indexes the rows once before anybody is measured:
   * cold it takes twice as long, whoever comes first.
   */
  private void warmUp() {
    index("warm");
    ask("DELETE", "/warm", new byte[0]);
  }

  void round(int round) {
    RebuildBenchmark.alternating(
        round, () -> headwater(round), () -> bulkAlone(round, mappingAndSettings()));
  }

  /** From the second round on, an index that was deleted, which the worker fills again. */
  private void headwater(int round) {
    lab.settle();
    if (round > 1) {
      ask("DELETE", "/" + ask("GET", "/" + NAME, new byte[0]).fieldNames().next(), new byte[0]);
    }
    Headwater process = worker();
    long begun = awaitIndexed(NAME, 1, process);
    CpuSeries cpu = new CpuSeries(lab.pids("sink", process.pid()));
    awaitIndexed(NAME, options.rows(), process);
    ask("POST", "/" + NAME + "/_refresh", new byte[0]);
    long end = Clock.micros();
    cpu.mark();
    requireCount(NAME);
    add("headwater", round, (end - begun) / 1e6, cpu, ProcessMeter.peakMebibytes(process.pid()));
  }

  private Headwater worker() {
    String definition =
        """
              - name: %s
                type: opensearch
                url: %s
                tables: [%s]
                index: %s
            """
            .formatted(NAME, server.url(), RebuildBenchmark.TOPIC, NAME);
    return lab.worker(NAME, definition, options.headwaterJvm());
  }

  /** Of the index that Headwater has filled. */
  private JsonNode mappingAndSettings() {
    return ask("GET", "/" + NAME, new byte[0]).elements().next();
  }

  private void bulkAlone(int round, JsonNode like) {
    String name = "alone_" + round;
    ObjectNode made = JSON.createObjectNode();
    ObjectNode settings = made.putObject("settings");
    JsonNode index = like.path("settings").path("index");
    for (String setting :
        List.of("number_of_shards", "number_of_replicas", "refresh_interval", "codec")) {
      if (index.has(setting)) {
        settings.set(setting, index.get(setting));
      }
    }
    settings.setAll((ObjectNode) translogOf(index));
    made.set("mappings", like.path("mappings"));
    ask("PUT", "/" + name, made.toString().getBytes(StandardCharsets.UTF_8));
    lab.settle();
    CpuSeries cpu = new CpuSeries(lab.servers.pids());
    long begun = Clock.micros();
    index(name);
    long end = Clock.micros();
    cpu.mark();
    requireCount(name);
    add("bulk alone", round, (end - begun) / 1e6, cpu, 0);
    ask("DELETE", "/" + name, new byte[0]);
  }

  /** Returns when all documents are indexed and refreshed. */
  private void index(String name) {
    Deque<CompletableFuture<HttpResponse<byte[]>>> sent = new ArrayDeque<>();
    for (byte[] body : bodies) {
      if (sent.size() == IN_FLIGHT) {
        requireDone(sent.removeFirst());
      }
      sent.add(
          http.sendAsync(
              request("POST", "/" + name + "/_bulk?filter_path=errors", body),
              HttpResponse.BodyHandlers.ofByteArray()));
    }
    sent.forEach(OpenSearchReplay::requireDone);
    ask("POST", "/" + name + "/_refresh", new byte[0]);
  }

  private static JsonNode translogOf(JsonNode index) {
    ObjectNode found = JSON.createObjectNode();
    if (index.has("translog")) {
      found.putObject("translog").setAll((ObjectNode) index.get("translog"));
    }
    return found;
  }

  private static void requireDone(CompletableFuture<HttpResponse<byte[]>> answer) {
    String body = new String(answer.join().body(), StandardCharsets.UTF_8);
    if (answer.join().statusCode() != 200 || body.contains("true")) {
      throw new BenchmarkException("a bulk failed: " + body);
    }
  }

  /** The log's records as bulks, as the sink would send them. */
  private List<byte[]> bodies() {
    List<byte[]> all = new ArrayList<>();
    ByteArrayOutputStream[] body = {new ByteArrayOutputStream(BULK_BYTES + (1 << 16))};
    lab.topics.read(
        RebuildBenchmark.TOPIC,
        record -> {
          String seq =
              new String(record.headers().lastHeader("seq").value(), StandardCharsets.US_ASCII);
          String action =
              "{\"index\":{\"_id\":\"%d\",\"version\":%s,\"version_type\":\"external_gte\"}}\n"
                  .formatted(Keys.number(record.key()), seq);
          body[0].writeBytes(action.getBytes(StandardCharsets.UTF_8));
          body[0].writeBytes(record.value());
          body[0].write('\n');
          if (body[0].size() > BULK_BYTES) {
            all.add(body[0].toByteArray());
            body[0].reset();
          }
        });
    if (body[0].size() > 0) {
      all.add(body[0].toByteArray());
    }
    return all;
  }

  private long awaitIndexed(String index, long documents, Headwater process) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
    long indexed = indexed(index);
    while (indexed < documents) {
      process.requireAlive();
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException("OpenSearch is not filled in time");
      }
      // Each of these questions costs the server what the contestant beside has for documents.
      Clock.pause(indexed < documents * 9 / 10 ? 1000 : 100);
      indexed = indexed(index);
    }
    return Clock.micros();
  }

  private long indexed(String index) {
    return ask("GET", "/" + index + "/_stats/indexing?filter_path=_all.primaries", new byte[0])
        .at("/_all/primaries/indexing/index_total")
        .asLong(0);
  }

  private void requireCount(String index) {
    long count = ask("GET", "/" + index + "/_count", new byte[0]).path("count").asLong();
    if (count != options.rows()) {
      throw new BenchmarkException(index + " has " + count + " documents of " + options.rows());
    }
  }

  private HttpRequest request(String method, String path, byte[] body) {
    return HttpRequest.newBuilder(URI.create(server.url() + path))
        .header(
            "Content-Type", path.contains("_bulk") ? "application/x-ndjson" : "application/json")
        .method(
            method,
            body.length == 0
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofByteArray(body))
        .build();
  }

  private JsonNode ask(String method, String path, byte[] body) {
    try {
      HttpResponse<byte[]> answer =
          http.send(request(method, path, body), HttpResponse.BodyHandlers.ofByteArray());
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new BenchmarkException("OpenSearch does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }

  private void add(String contestant, int round, double seconds, CpuSeries cpu, double peak) {
    report.add(
        new Measurement(
            "replay.opensearch",
            contestant,
            round,
            options.rows(),
            seconds,
            Map.of(),
            cpu.used(),
            peak));
  }
}

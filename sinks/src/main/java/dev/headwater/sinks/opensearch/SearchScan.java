package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Reads an index whole, as it stands at one point in time, in ranges of the documents' sequence
 * numbers: a document that is written meanwhile gets another number, but not at that point in time.
 * So ranges can be read side by side, and the server, which takes longer to bring a document than
 * we take to look at it, uses more than one core.
 *
 * <p>A range is as wide as the one before brought little, and narrower after it brought much. The
 * server puts an answer together in its own memory before it sends it, so the first ranges are
 * narrow, and one that the server has no answer to is asked for again, narrower: a few documents
 * may be more than it has room for. It is given up only when the server has answered nothing for a
 * while. Single-use; {@link #run} on one thread, which the documents are handed over on.
 */
final class SearchScan {
  private static final String KEPT = "5m";
  private static final String OPEN =
      "/_search/point_in_time?allow_partial_pit_creation=false&keep_alive=" + KEPT;

  /** A shard that does not answer fails the scan: its documents are not missing. */
  private static final String READ = "/_search?allow_partial_search_results=false";

  private static final int IN_FLIGHT = 2;
  private static final long FIRST_WIDTH = 4;
  private static final int USUAL_DOCUMENTS = 2_000;
  private static final int MOST_DOCUMENTS = 8_000;
  private static final int USUAL_BYTES = 4 << 20;
  private static final int MOST_BYTES = 16 << 20;
  private static final double MOST_GROWTH = 4;
  private static final long SHRINKING = 16;

  /** How long a server that answers no range is asked on. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final SearchClient client;
  private final String index;
  private final boolean withSource;
  private final Duration patience;

  /** Those below {@code from} have been handed over, or are among those ahead. */
  private long from;

  private long width = FIRST_WIDTH;

  private long answeredNanos = System.nanoTime();

  private SearchScan(SearchClient client, String index, boolean withSource, Duration patience) {
    this.client = client;
    this.index = index;
    this.withSource = withSource;
    this.patience = patience;
  }

  /** Brings the documents with their sources. */
  static SearchScan ofDocuments(SearchClient client, String index) {
    return ofDocuments(client, index, PATIENCE);
  }

  /**
   * The same.
   *
   * @param patience how long a server that answers no range is asked on
   */
  static SearchScan ofDocuments(SearchClient client, String index, Duration patience) {
    return new SearchScan(client, index, true, patience);
  }

  /** Brings the documents' ids only. */
  static SearchScan ofIds(SearchClient client, String index) {
    return new SearchScan(client, index, false, PATIENCE);
  }

  /**
   * What a range brought.
   *
   * @param from the first sequence number
   * @param to the first behind it
   * @param found empty if it is more than is taken at once, or there was no answer
   * @param failure why there was no answer, if there was none
   */
  private record Range(
      long from, long to, Optional<FoundDocuments> found, Optional<HeadwaterException> failure) {}

  /**
   * Brings each document that is there when this begins once.
   *
   * @throws HeadwaterException as {@link SearchFailures} says
   */
  void run(Consumer<FoundDocuments.Document> receiver) {
    ObjectNode nothing = SearchClient.json().createObjectNode();
    client.send("POST", "/" + index + "/_refresh", nothing);
    String point = client.send("POST", "/" + index + OPEN, nothing).body().path("pit_id").asText();
    // Asked behind the opening, so that no document at that point has a higher one.
    long last = lastSequenceNumber();
    ExecutorService readers = Executors.newFixedThreadPool(IN_FLIGHT, SearchScan::thread);
    try {
      Deque<Future<Range>> ahead = new ArrayDeque<>();
      while (from <= last || !ahead.isEmpty()) {
        while (from <= last && ahead.size() < IN_FLIGHT) {
          long first = from;
          long end = first + width;
          ahead.add(readers.submit(() -> read(point, first, end)));
          from = end;
        }
        take(await(ahead.removeFirst()), ahead, receiver);
      }
    } finally {
      readers.shutdownNow();
      nothing.putArray("pit_id").add(point);
      client.send("DELETE", "/_search/point_in_time", nothing, 404);
    }
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "headwater/opensearch/scan");
    thread.setDaemon(true);
    return thread;
  }

  private void take(
      Range range, Deque<Future<Range>> ahead, Consumer<FoundDocuments.Document> receiver) {
    if (range.failure().isPresent()) {
      pause(range.failure().get());
    } else {
      answeredNanos = System.nanoTime();
    }
    if (range.found().isEmpty()) {
      // Those behind it are as wide, and are asked for again too.
      ahead.forEach(future -> future.cancel(true));
      ahead.clear();
      from = range.from();
      width = Math.max(1, (range.to() - range.from()) / SHRINKING);
      return;
    }
    FoundDocuments found = range.found().get();
    found.documents().forEach(receiver);
    double growth =
        Math.min(
            (double) USUAL_DOCUMENTS / Math.max(1, found.documents().size()),
            (double) USUAL_BYTES / Math.max(1, found.bytes()));
    width = Math.max(1, (long) ((range.to() - range.from()) * Math.min(growth, MOST_GROWTH)));
  }

  /**
   * @throws HeadwaterException the failure, if the server has been asked for long enough
   */
  private void pause(HeadwaterException failure) {
    if (System.nanoTime() - answeredNanos > patience.toNanos()) {
      throw failure;
    }
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private Range read(String point, long first, long end) {
    try {
      return new Range(first, end, documents(point, first, end), Optional.empty());
    } catch (HeadwaterException e) {
      if (e.code() != FailureCode.TARGET_UNREACHABLE) {
        throw e;
      }
      return new Range(first, end, Optional.empty(), Optional.of(e));
    }
  }

  private Optional<FoundDocuments> documents(String point, long first, long end) {
    ObjectNode search = SearchClient.json().createObjectNode();
    search.put("size", MOST_DOCUMENTS).put("track_total_hits", false).put("_source", withSource);
    search.putArray("sort").add("_doc");
    search.putObject("pit").put("id", point).put("keep_alive", KEPT);
    search
        .putObject("query")
        .putObject("range")
        .putObject("_seq_no")
        .put("gte", first)
        .put("lt", end);
    // Of one number there is one document in each shard: that must do, however large it is.
    int mostBytes = end - first == 1 ? SearchClient.LONGEST_ANSWER : MOST_BYTES;
    Optional<FoundDocuments> found =
        client
            .documents(READ, search, mostBytes)
            .filter(answer -> answer.documents().size() < MOST_DOCUMENTS);
    if (found.isEmpty() && end - first == 1) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "index '%s' – the document with sequence number %d is larger than %d MiB"
              .formatted(index, first, SearchClient.LONGEST_ANSWER >> 20),
          "Delete it, or leave the column that makes it so large out of the sink.");
    }
    return found;
  }

  private static Range await(Future<Range> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private long lastSequenceNumber() {
    JsonNode shards =
        client
            .get("/" + index + "/_stats?level=shards&filter_path=indices.*.shards.*.seq_no")
            .body();
    return shards.findValues("max_seq_no").stream().mapToLong(JsonNode::asLong).max().orElse(-1);
  }
}

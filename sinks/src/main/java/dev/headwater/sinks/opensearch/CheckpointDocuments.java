package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The checkpoints of one sink: a document for each partition, in an index of ours.
 *
 * <p>A document is found by the data index's identity too ({@link SearchIndex#identity}): an index
 * that was deleted and made again, or restored, has none, and is filled from the beginning. Every
 * write is on condition that the document is still the one that was read ({@code if_seq_no}, {@code
 * if_primary_term}); reads by id see all writes, refreshed or not. Any thread.
 */
final class CheckpointDocuments {
  /** Of all sinks of this server. */
  static final String INDEX = "headwater-checkpoints";

  private static final int PATIENCE = 20;

  /** More partitions than one server's indices are fed from. */
  private static final int MOST = 10_000;

  private final String sink;
  private final SearchClient client;

  /**
   * A document as it is now.
   *
   * @param checkpoint empty when nothing has been applied
   * @param owner the alias of the writer that wrote it
   * @param seqNo OpenSearch's sequence number of the document, and
   * @param primaryTerm its primary term: together they name this very version of it
   */
  record Stored(Optional<Checkpoint> checkpoint, String owner, long seqNo, long primaryTerm) {}

  CheckpointDocuments(String sink, SearchClient client) {
    this.sink = sink;
    this.client = client;
  }

  /** Makes the index if it is missing. */
  void prepare() {
    SearchClient.Answer present = client.get("/" + INDEX);
    if (present.isFound()) {
      if (present.body().findPath("properties").isMissingNode()) {
        client.send("PUT", "/" + INDEX + "/_mapping", mapping());
      }
      return;
    }
    ObjectNode body = SearchClient.json().createObjectNode();
    body.putObject("settings")
        .putObject("index")
        .put("number_of_shards", 1)
        .put("auto_expand_replicas", "0-1")
        .put("hidden", true);
    body.set("mappings", mapping());
    // Another process may have made it meanwhile.
    client.send("PUT", "/" + INDEX, body, 400);
  }

  /** What documents are searched by. */
  private static ObjectNode mapping() {
    ObjectNode mapping = SearchClient.json().createObjectNode().put("dynamic", false);
    ObjectNode properties = mapping.putObject("properties");
    properties.putObject("index_uuid").put("type", "keyword");
    return mapping;
  }

  /**
   * Makes an owner of a partition, and keeps the checkpoint. Whatever the owner before still sends
   * finds another version of the document than it knows.
   *
   * @param ifNone the checkpoint where there is none yet
   */
  Stored claim(
      LogPartition partition, String indexUuid, String owner, Optional<Checkpoint> ifNone) {
    String path = path(partition, indexUuid);
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      SearchClient.Answer found = client.get(path);
      Optional<Checkpoint> checkpoint =
          (found.isFound()
                  ? checkpoint(found.body().path("_source"))
                  : Optional.<Checkpoint>empty())
              .or(() -> ifNone);
      String condition = found.isFound() ? condition(version(found.body())) : "?op_type=create";
      ObjectNode document = document(partition, indexUuid, owner, checkpoint);
      SearchClient.Answer written = client.send("PUT", path + condition, document, 409);
      if (written.isFound()) {
        return stored(checkpoint, owner, written.body());
      }
    }
    throw new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        "sink '" + sink + "' – others keep taking over " + partition + " at the same time",
        "The sink waits and tries again.");
  }

  /**
   * Replaces the checkpoint, if the document is still the one that was read or written last.
   *
   * @return what is stored now; empty if it was another's by then
   */
  Optional<Stored> replace(LogPartition partition, String indexUuid, Stored last, Checkpoint next) {
    String path = path(partition, indexUuid);
    ObjectNode document = document(partition, indexUuid, last.owner(), Optional.of(next));
    SearchClient.Answer written = client.send("PUT", path + condition(last), document, 409);
    if (written.isFound()) {
      return Optional.of(stored(Optional.of(next), last.owner(), written.body()));
    }
    // An attempt whose answer was lost may have written it already.
    SearchClient.Answer found = client.get(path);
    JsonNode source = found.body().path("_source");
    boolean isOurs = found.isFound() && source.path("owner").asText().equals(last.owner());
    return isOurs && checkpoint(source).equals(Optional.of(next))
        ? Optional.of(stored(Optional.of(next), last.owner(), found.body()))
        : Optional.empty();
  }

  /** The checkpoint as it stands; changes nothing. */
  Optional<Checkpoint> read(LogPartition partition, String indexUuid) {
    SearchClient.Answer found = client.get(path(partition, indexUuid));
    return found.isFound() ? checkpoint(found.body().path("_source")) : Optional.empty();
  }

  /** Of these partitions all that there are, by {@link LogPartition#toString}, as they are now. */
  Map<String, Checkpoint> read(Collection<LogPartition> partitions, String indexUuid) {
    Map<String, Checkpoint> found = new HashMap<>();
    if (partitions.isEmpty()) {
      return found;
    }
    ObjectNode body = SearchClient.json().createObjectNode();
    ArrayNode ids = body.putArray("ids");
    partitions.forEach(partition -> ids.add(id(partition, indexUuid)));
    for (JsonNode doc : client.send("POST", "/" + INDEX + "/_mget", body).body().path("docs")) {
      put(found, doc.path("_source"));
    }
    return found;
  }

  /** All that belong to an index, by {@link LogPartition#toString}. */
  Map<String, Checkpoint> readAll(String indexUuid) {
    Map<String, Checkpoint> found = new HashMap<>();
    for (JsonNode hit : search(indexUuid)) {
      put(found, hit.path("_source"));
    }
    return found;
  }

  private static void put(Map<String, Checkpoint> found, JsonNode source) {
    String partition = source.path("topic").asText() + "/" + source.path("partition").asInt();
    checkpoint(source).ifPresent(c -> found.put(partition, c));
  }

  /** Forgets all that belong to an index. */
  void forget(String indexUuid) {
    for (JsonNode hit : search(indexUuid)) {
      client.delete(path(hit.path("_id").asText()));
    }
  }

  private JsonNode search(String indexUuid) {
    if (indexUuid.isEmpty() || !client.get("/" + INDEX + "/_alias").isFound()) {
      return SearchClient.json().createArrayNode();
    }
    client.send("POST", "/" + INDEX + "/_refresh", SearchClient.json().createObjectNode());
    ObjectNode search = SearchClient.json().createObjectNode().put("size", MOST);
    // Where the server made our index by itself, after somebody deleted it, the field is a text.
    ArrayNode either = search.putObject("query").putObject("bool").putArray("should");
    either.addObject().putObject("term").put("index_uuid", indexUuid);
    either.addObject().putObject("term").put("index_uuid.keyword", indexUuid);
    return client.send("POST", "/" + INDEX + "/_search", search).body().path("hits").path("hits");
  }

  private String id(LogPartition partition, String indexUuid) {
    return sink + "|" + indexUuid + "|" + partition;
  }

  private String path(LogPartition partition, String indexUuid) {
    return path(id(partition, indexUuid));
  }

  private static String path(String id) {
    return "/" + INDEX + "/_doc/" + URLEncoder.encode(id, StandardCharsets.UTF_8);
  }

  private ObjectNode document(
      LogPartition partition, String indexUuid, String owner, Optional<Checkpoint> checkpoint) {
    ObjectNode document = SearchClient.json().createObjectNode();
    document.put("sink", sink);
    document.put("topic", partition.topic());
    document.put("partition", partition.partition());
    document.put("index_uuid", indexUuid);
    document.put("owner", owner);
    checkpoint.ifPresent(
        c ->
            document
                .put("generation", c.generation())
                .put("topic_id", c.topicId())
                .put("next_offset", c.nextOffset())
                .put("level_at_ms", c.levelAtMs()));
    return document;
  }

  private static Optional<Checkpoint> checkpoint(JsonNode source) {
    if (!source.has("next_offset")) {
      return Optional.empty();
    }
    return Optional.of(
        new Checkpoint(
            source.path("generation").asInt(),
            source.path("topic_id").asText(),
            source.path("next_offset").asLong(),
            source.path("level_at_ms").asLong()));
  }

  private static Stored version(JsonNode answer) {
    return stored(Optional.empty(), "", answer);
  }

  private static Stored stored(Optional<Checkpoint> checkpoint, String owner, JsonNode answer) {
    return new Stored(
        checkpoint, owner, answer.path("_seq_no").asLong(), answer.path("_primary_term").asLong());
  }

  private static String condition(Stored version) {
    return "?if_seq_no=" + version.seqNo() + "&if_primary_term=" + version.primaryTerm();
  }
}

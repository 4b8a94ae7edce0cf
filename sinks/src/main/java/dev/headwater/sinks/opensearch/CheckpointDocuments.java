package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The checkpoints of one sink: a document for each partition, in an index of ours.
 *
 * <p>A document is found by the data index's UUID too: an index that was deleted and made again, or
 * restored, has none, and is filled from the beginning. Every write is on condition that the
 * document is still the one that was read ({@code if_seq_no}, {@code if_primary_term}); reads by id
 * see all writes, refreshed or not. Any thread.
 */
final class CheckpointDocuments {
  /** Of all sinks of this server. */
  static final String INDEX = "headwater-checkpoints";

  private static final int PATIENCE = 20;

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
    if (client.get("/" + INDEX).isFound()) {
      return;
    }
    ObjectNode body = SearchClient.json().createObjectNode();
    body.putObject("settings")
        .putObject("index")
        .put("number_of_shards", 1)
        .put("auto_expand_replicas", "0-1")
        .put("hidden", true);
    body.putObject("mappings").put("dynamic", false);
    // Another process may have made it meanwhile.
    client.send("PUT", "/" + INDEX, body, 400);
  }

  /**
   * Makes an owner of a partition, and keeps the checkpoint. Whatever the owner before still sends
   * finds another version of the document than it knows.
   */
  Stored claim(LogPartition partition, String indexUuid, String owner) {
    String path = path(partition, indexUuid);
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      SearchClient.Answer found = client.get(path);
      Optional<Checkpoint> checkpoint =
          found.isFound() ? checkpoint(found.body().path("_source")) : Optional.empty();
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

  private String path(LogPartition partition, String indexUuid) {
    String id = sink + "|" + indexUuid + "|" + partition;
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

package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/** The one writer of a partition into OpenSearch. */
final class OpenSearchPartitionWriter implements PartitionWriter {
  /** A bulk is sent when it has reached this size. */
  private static final int BULK_BYTES = 5 << 20;

  private final OpenSearchSink sink;
  private final SearchClient client;
  private final LogPartition partition;
  private final String alias;
  private final String indexUuid;
  private final BulkBody body;
  private Optional<Checkpoint> checkpoint;

  private OpenSearchPartitionWriter(
      OpenSearchSink sink,
      SearchClient client,
      LogPartition partition,
      String alias,
      String indexUuid) {
    this.sink = sink;
    this.client = client;
    this.partition = partition;
    this.alias = alias;
    this.indexUuid = indexUuid;
    this.body = new BulkBody(alias);
    this.checkpoint = readCheckpoint();
  }

  static OpenSearchPartitionWriter take(
      OpenSearchSink sink, SearchClient client, LogPartition partition) {
    String hash =
        DocumentIds.sha256(partition.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 12);
    String prefix = sink.index() + "-w-" + hash + "-";
    String alias = prefix + UUID.randomUUID().toString().substring(0, 8);
    // The new owner's alias and the former owners' go in one step; the checkpoint is read after it.
    ObjectNode request = SearchClient.json().createObjectNode();
    ArrayNode actions = request.putArray("actions");
    JsonNode present =
        client.get("/" + sink.index() + "/_alias").body().path(sink.index()).path("aliases");
    present
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (name.startsWith(prefix)) {
                ObjectNode remove = actions.addObject().putObject("remove");
                remove.put("index", sink.index()).put("alias", name).put("must_exist", false);
              }
            });
    ObjectNode add = actions.addObject().putObject("add");
    add.put("index", sink.index()).put("alias", alias).put("is_hidden", true);
    client.send("POST", "/_aliases", request);
    String uuid =
        client.get("/" + sink.index() + "/_settings/index.uuid").body().findPath("uuid").asText();
    return new OpenSearchPartitionWriter(sink, client, partition, alias, uuid);
  }

  private String checkpointPath() {
    // An index made anew under the same name holds nothing of what a checkpoint of the old one
    // speaks of, and has checkpoints of its own.
    String id = sink.name() + "|" + indexUuid + "|" + partition;
    return "/"
        + OpenSearchSink.CHECKPOINTS
        + "/_doc/"
        + URLEncoder.encode(id, StandardCharsets.UTF_8);
  }

  private Optional<Checkpoint> readCheckpoint() {
    SearchClient.Answer answer = client.get(checkpointPath());
    JsonNode stored = answer.body().path("_source");
    if (!answer.isFound()) {
      return Optional.empty();
    }
    return Optional.of(
        new Checkpoint(
            stored.path("generation").asInt(),
            stored.path("topic_id").asText(),
            stored.path("next_offset").asLong(),
            stored.path("level_at_ms").asLong()));
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return checkpoint;
  }

  @Override
  public void apply(FoldedBatch batch) {
    body.reset();
    boolean shared = sink.isShared();
    for (FoldedRow row : batch.rows()) {
      body.add(row, DocumentIds.of(partition.table(), row.key(), shared));
      if (body.size() >= BULK_BYTES) {
        send();
      }
    }
    send();
    requireOwner();
    writeCheckpoint(batch.checkpoint());
    checkpoint = Optional.of(batch.checkpoint());
  }

  private void send() {
    if (body.size() == 0) {
      return;
    }
    JsonNode answer = client.bulk(body.bytes(), body.size()).body();
    body.reset();
    if (answer.path("errors").asBoolean()) {
      for (JsonNode item : answer.path("items")) {
        requireDone(item.elements().next());
      }
    }
  }

  /** Every item's own outcome: the request as a whole says 200 whatever befell them. */
  private void requireDone(JsonNode item) {
    int status = item.path("status").asInt();
    String type = item.path("error").path("type").asText();
    boolean alreadyNewer = status == 409;
    boolean alreadyGone = status == 404 && type.isEmpty();
    if (status < 300 || alreadyNewer || alreadyGone) {
      return;
    }
    if (status == 404) {
      throw fenced();
    }
    if (status == 429 || status >= 500) {
      throw new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          "sink '" + sink.name() + "' – OpenSearch is busy (" + status + " " + type + ")",
          "The sink waits and tries again.");
    }
    if (status == 403) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "sink '" + sink.name() + "' – OpenSearch blocks writes: " + type,
          "Free disk space, then PUT /_all/_settings"
              + " {\"index.blocks.read_only_allow_delete\": null}.");
    }
    throw new HeadwaterException(
        FailureCode.RECORD_REFUSED,
        "sink '"
            + sink.name()
            + "' – OpenSearch refused the row of "
            + partition.table()
            + " with id '"
            + item.path("_id").asText()
            + "' ("
            + status
            + " "
            + type
            + ")",
        "Give its column another type under the sink's 'mapping'. Nothing was skipped.");
  }

  /** The alias is the ownership: gone means that another worker has the partition. */
  private void requireOwner() {
    if (!client.get("/_alias/" + alias).isFound()) {
      throw fenced();
    }
  }

  private HeadwaterException fenced() {
    return new HeadwaterException(
        FailureCode.FENCED,
        "sink '" + sink.name() + "' – another worker has taken over " + partition,
        "This worker leaves it alone; the other one goes on.");
  }

  private void writeCheckpoint(Checkpoint next) {
    ObjectNode document = SearchClient.json().createObjectNode();
    document.put("generation", next.generation());
    document.put("topic_id", next.topicId());
    document.put("next_offset", next.nextOffset());
    document.put("level_at_ms", next.levelAtMs());
    document.put("owner", alias);
    // Offsets rise, so a former owner's late write of its own checkpoint is refused as older.
    client.send(
        "PUT",
        checkpointPath() + "?version_type=external_gte&version=" + next.nextOffset(),
        document,
        409);
  }

  @Override
  public void close() {
    // The alias stays until another writer takes the partition.
  }
}

package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A search index: each row a document, its JSON the log's own bytes.
 *
 * <p>Readers use the alias {@code <index>}; the documents are in {@code <index>-g1} behind it. Each
 * partition's owner writes through an alias of its own, and a takeover exchanges that alias in one
 * step: what the former owner still sends is then refused, for its alias is gone. Versions ({@code
 * seq}, {@code external_gte}) are the second defence. The checkpoint is a document in an index of
 * ours, written after the documents it speaks of, and bound to the index's own id.
 */
public final class OpenSearchSink implements Sink {
  /** Where checkpoints are, for all sinks of this server. */
  static final String CHECKPOINTS = "headwater-checkpoints";

  private final SinkConfig.OpenSearch config;
  private final SearchClient client;
  private final Set<String> tables = ConcurrentHashMap.newKeySet();

  public OpenSearchSink(SinkConfig.OpenSearch config) {
    this.config = config;
    this.client = new SearchClient(config);
  }

  @Override
  public String name() {
    return config.name();
  }

  /** The index that holds the documents now. */
  String index() {
    return config.index() + "-g1";
  }

  /** Whether the sink's patterns may bring several tables into the index. */
  boolean isShared() {
    return config.tables().size() > 1 || config.tables().get(0).matches(".*[*?].*");
  }

  @Override
  public synchronized void prepare(TableSchema schema) {
    ObjectNode properties = IndexMapping.properties(schema, config.mapping());
    if (tables.isEmpty()) {
      makeCheckpoints();
      makeIndex(properties);
    }
    ObjectNode mapping = SearchClient.json().createObjectNode();
    mapping.set("properties", properties);
    client.send("PUT", "/" + index() + "/_mapping", mapping);
    tables.add(schema.table().toString());
  }

  private void makeIndex(ObjectNode properties) {
    if (client.get("/" + index()).isFound()) {
      return;
    }
    ObjectNode body = SearchClient.json().createObjectNode();
    // A delete is remembered for longer than any request can be on its way.
    body.putObject("settings").putObject("index").put("gc_deletes", "15m");
    ObjectNode mappings = body.putObject("mappings").put("dynamic", false);
    mappings.set("properties", properties);
    body.putObject("aliases").putObject(config.index());
    client.send("PUT", "/" + index(), body, 400);
  }

  private void makeCheckpoints() {
    if (client.get("/" + CHECKPOINTS).isFound()) {
      return;
    }
    ObjectNode body = SearchClient.json().createObjectNode();
    body.putObject("settings").putObject("index").put("number_of_shards", 1).put("hidden", true);
    body.putObject("mappings").put("dynamic", false);
    client.send("PUT", "/" + CHECKPOINTS, body, 400);
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    return OpenSearchPartitionWriter.take(this, client, partition);
  }

  @Override
  public void close() {
    client.close();
  }
}

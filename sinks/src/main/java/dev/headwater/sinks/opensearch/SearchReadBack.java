package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.ReadBack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads one generation's index back.
 *
 * <p>A document and its partition's checkpoint are two documents, which nothing reads in one step.
 * So the checkpoint is read first: whatever stands below it is in the index by then, and what
 * stands behind it may be. Documents are read by id, which sees every write, refreshed or not. The
 * index is this sink's alone, so a document with an id that no row has is one too many.
 */
final class SearchReadBack implements ReadBack {
  private final OpenSearchSink sink;
  private final String index;
  private final Map<TableId, TableSchema> tables = new ConcurrentHashMap<>();
  private final Map<TableId, Map<Integer, FieldNames>> names = new ConcurrentHashMap<>();

  SearchReadBack(OpenSearchSink sink, String index) {
    this.sink = sink;
    this.index = index;
  }

  @Override
  public void learn(TableSchema schema) {
    tables.merge(schema.table(), schema, (a, b) -> a.version() >= b.version() ? a : b);
    names
        .computeIfAbsent(schema.table(), table -> new ConcurrentHashMap<>())
        .put(schema.version(), new FieldNames(schema));
  }

  @Override
  public byte[] name(TableId table, byte[] key) {
    return sink.ids(table).of(key).getBytes(UTF_8);
  }

  @Override
  public Optional<Row> rowOf(byte[] name) {
    String id = new String(name, UTF_8);
    for (TableSchema schema : tables.values()) {
      DocumentIds ids = sink.ids(schema.table());
      Optional<byte[]> key = ids.key(id, schema).filter(found -> ids.of(found).equals(id));
      if (key.isPresent()) {
        return Optional.of(new Row(schema.table(), key.get()));
      }
    }
    return Optional.empty();
  }

  @Override
  public boolean hasStrangers() {
    return false;
  }

  @Override
  public Content expected(TableId table, FoldedRow row) {
    FieldNames fields =
        Objects.requireNonNull(names.getOrDefault(table, Map.of()).get(row.schemaVersion()));
    return Content.document(
        BulkBody.onOneLine(fields.document(Objects.requireNonNull(row.value()))));
  }

  @Override
  public OptionalLong estimate() {
    SearchClient.Answer answer = sink.client().get("/" + index + "/_count");
    return answer.isFound()
        ? OptionalLong.of(answer.body().path("count").asLong())
        : OptionalLong.empty();
  }

  @Override
  public void scan(Visitor visitor) {
    if (!sink.client().get("/" + index + "/_alias").isFound()) {
      return;
    }
    SearchScan.ofDocuments(sink.client(), index)
        .run(document -> visitor.row(document.id(), Content.document(document.source())));
  }

  @Override
  public Look look(LogPartition partition, List<byte[]> ids) {
    OptionalLong from =
        sink.checkpoints()
            .read(partition, sink.indexIdentity())
            .filter(c -> c.topicId().equals(partition.topicId()))
            .map(Checkpoint::nextOffset)
            .map(OptionalLong::of)
            .orElse(OptionalLong.empty());
    if (ids.isEmpty()) {
      return new Look(from, OptionalLong.empty(), System.currentTimeMillis(), List.of());
    }
    Map<String, FoundDocuments.Document> found = sink.client().byId(index, ids);
    List<Optional<Content>> contents = new ArrayList<>(ids.size());
    for (byte[] id : ids) {
      contents.add(
          Optional.ofNullable(found.get(new String(id, UTF_8)))
              .map(document -> Content.document(document.source())));
    }
    return new Look(from, OptionalLong.empty(), System.currentTimeMillis(), contents);
  }

  @Override
  public OptionalLong version(byte[] id) {
    FoundDocuments.Document found =
        sink.client().byId(index, List.of(id)).get(new String(id, UTF_8));
    return found == null ? OptionalLong.empty() : OptionalLong.of(found.version());
  }

  @Override
  public void close() {
    // The connections are the sink's.
  }
}

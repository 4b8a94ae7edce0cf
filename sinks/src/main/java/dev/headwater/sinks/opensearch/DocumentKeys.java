package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.JsonFields;
import dev.headwater.sinks.KeyScan;
import dev.headwater.sinks.TableKeys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lists the keys of a generation's index by its documents' ids, without their contents. An id that
 * is a hash tells no key: there the document is looked at, whose own bytes have it.
 */
final class DocumentKeys implements KeyScan {
  private static final int HASHED_AT_ONCE = 100;

  private final OpenSearchSink sink;

  DocumentKeys(OpenSearchSink sink) {
    this.sink = sink;
  }

  @Override
  public void keys(TableSchema schema, Receiver receiver) {
    DocumentIds ids = sink.ids(schema.table());
    List<byte[]> hashed = new ArrayList<>();
    SearchScan.ofIds(sink.client(), sink.indexName())
        .run(
            document -> {
              String id = new String(document.id(), UTF_8);
              if (DocumentIds.isHashed(id)) {
                hashed.add(document.id());
              } else {
                ids.key(id, schema).filter(key -> ids.of(key).equals(id)).ifPresent(receiver::key);
              }
              if (hashed.size() == HASHED_AT_ONCE) {
                handHashed(hashed, schema, ids, receiver);
                hashed.clear();
              }
            });
    if (!hashed.isEmpty()) {
      handHashed(hashed, schema, ids, receiver);
    }
  }

  private void handHashed(
      List<byte[]> hashed, TableSchema schema, DocumentIds ids, Receiver receiver) {
    FieldNames names = new FieldNames(schema);
    sink.client()
        .byId(sink.indexName(), hashed)
        .forEach(
            (id, document) ->
                key(document.source(), schema, names)
                    .filter(key -> ids.of(key).equals(id))
                    .ifPresent(receiver::key));
  }

  /** The key as the log has it, of the values that the document has. */
  private static Optional<byte[]> key(byte[] document, TableSchema schema, FieldNames names) {
    Map<String, byte[]> found = new HashMap<>();
    JsonFields fields = new JsonFields(document);
    while (fields.next()) {
      found.put(new String(fields.name(), UTF_8), fields.text());
    }
    Map<String, byte[]> texts = new HashMap<>();
    for (String column : schema.key()) {
      byte[] text = found.get(names.of(column));
      if (text != null) {
        texts.put(column, text);
      }
    }
    return TableKeys.of(schema).key(texts);
  }
}

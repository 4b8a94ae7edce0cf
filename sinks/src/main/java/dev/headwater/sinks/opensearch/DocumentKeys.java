package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
  private static final String KEPT = "5m";
  private static final int PAGE = 5_000;
  private static final int HASHED_AT_ONCE = 100;

  private final OpenSearchSink sink;

  DocumentKeys(OpenSearchSink sink) {
    this.sink = sink;
  }

  @Override
  public void keys(TableSchema schema, Receiver receiver) {
    SearchClient client = sink.client();
    String index = "/" + sink.indexName();
    client.send("POST", index + "/_refresh", SearchClient.json().createObjectNode());
    ObjectNode search = SearchClient.json().createObjectNode();
    search.put("size", PAGE).put("_source", false).putArray("sort").add("_doc");
    JsonNode page = client.send("POST", index + "/_search?scroll=" + KEPT, search).body();
    String scroll = page.path("_scroll_id").asText();
    try {
      DocumentIds ids = sink.ids(schema.table());
      while (!page.path("hits").path("hits").isEmpty()) {
        hand(page.path("hits").path("hits"), schema, ids, receiver);
        ObjectNode next = SearchClient.json().createObjectNode();
        next.put("scroll", KEPT).put("scroll_id", scroll);
        page = client.send("POST", "/_search/scroll", next).body();
        scroll = page.path("_scroll_id").asText();
      }
    } finally {
      ObjectNode done = SearchClient.json().createObjectNode();
      done.putArray("scroll_id").add(scroll);
      client.send("DELETE", "/_search/scroll", done, 404);
    }
  }

  private void hand(JsonNode hits, TableSchema schema, DocumentIds ids, Receiver receiver) {
    List<byte[]> hashed = new ArrayList<>();
    for (JsonNode hit : hits) {
      String id = hit.path("_id").asText();
      if (DocumentIds.isHashed(id)) {
        hashed.add(id.getBytes(UTF_8));
      } else {
        ids.key(id, schema).filter(key -> ids.of(key).equals(id)).ifPresent(receiver::key);
      }
      if (hashed.size() == HASHED_AT_ONCE) {
        handHashed(hashed, schema, ids, receiver);
        hashed.clear();
      }
    }
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

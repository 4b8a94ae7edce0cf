package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The index of one generation: made, checked and given new fields, behind the alias that readers
 * use.
 *
 * <p>Settings: a delete is remembered longer than any request can be on its way ({@code
 * gc_deletes}), and a refresh comes every second whether anybody searches or not, so that a row is
 * found soon after it was written. One thread at a time.
 */
final class SearchIndex {
  private static final Logger LOG = LoggerFactory.getLogger(SearchIndex.class);
  private static final String GC_DELETES = "15m";

  /** OpenSearch's own limit; tables with more fields get more. */
  private static final int USUAL_FIELDS = 1_000;

  /** A column is at most itself and one field beside it. */
  private static final int FIELDS_PER_COLUMN = 2;

  private final SearchClient client;
  private final SearchFailures failures;
  private final String alias;
  private final String name;

  SearchIndex(SearchClient client, SearchFailures failures, String alias, int generation) {
    this.client = client;
    this.failures = failures;
    this.alias = alias;
    this.name = alias + "-g" + generation;
  }

  String name() {
    return name;
  }

  /** The index's own id; another one when it was deleted and made again. */
  String uuid() {
    String uuid = findUuid();
    if (uuid.isEmpty()) {
      throw failures.notReady("index '" + name + "' has just been deleted", "It is made again.");
    }
    return uuid;
  }

  /** The same; empty where there is no such index. */
  String findUuid() {
    return client.get("/" + name + "/_settings/index.uuid").body().findPath("uuid").asText();
  }

  /** Makes the index or adds to it what is missing; nothing that is there is changed. */
  void prepare(ObjectNode properties) {
    if (!client.get("/" + name + "/_alias").isFound()) {
      requireAliasFree();
      create(properties);
    }
    requireWritable();
    ensureAlias();
    addFields(properties);
  }

  private void create(ObjectNode properties) {
    ObjectNode body = SearchClient.json().createObjectNode();
    body.putObject("settings")
        .putObject("index")
        .put("gc_deletes", GC_DELETES)
        .put("refresh_interval", "1s")
        .put("auto_expand_replicas", "0-1")
        .put("mapping.total_fields.limit", fieldLimit(properties.size()));
    body.putObject("mappings").put("dynamic", false).set("properties", properties);
    body.putObject("aliases").putObject(alias);
    SearchClient.Answer made = client.send("PUT", "/" + name, body, 400);
    if (!made.isFound() && !made.errorType().equals("resource_already_exists_exception")) {
      throw mappingRefused(made);
    }
  }

  private static int fieldLimit(int columns) {
    return Math.max(USUAL_FIELDS, columns * FIELDS_PER_COLUMN * 2);
  }

  /** The readers' name must be ours: an alias of nothing else, and no index. */
  private void requireAliasFree() {
    Iterator<String> holders = client.get("/" + alias).body().fieldNames();
    while (holders.hasNext()) {
      String holder = holders.next();
      if (holder.equals(alias)) {
        throw failures.notReady(
            "there is an index '" + alias + "', where an alias of that name is to be",
            "Delete or rename that index, or give the sink another 'index'.");
      }
      if (!holder.equals("error") && !holder.equals("status") && !holder.equals(name)) {
        throw failures.notReady(
            "the alias '" + alias + "' belongs to the index '" + holder + "'",
            "Remove that alias, or give the sink another 'index'.");
      }
    }
  }

  private void ensureAlias() {
    JsonNode aliases = client.get("/" + name + "/_alias").body().path(name).path("aliases");
    if (!aliases.has(alias)) {
      requireAliasFree();
      ObjectNode request = SearchClient.json().createObjectNode();
      request
          .putArray("actions")
          .addObject()
          .putObject("add")
          .put("index", name)
          .put("alias", alias);
      client.send("POST", "/_aliases", request);
    }
  }

  private void requireWritable() {
    JsonNode settings =
        client
            .get("/" + name + "/_settings?flat_settings=true&include_defaults=false")
            .body()
            .path(name)
            .path("settings");
    for (String block : new String[] {"read_only", "write", "metadata"}) {
      if (settings.path("index.blocks." + block).asBoolean()) {
        throw failures.blocked("index '" + name + "' has index.blocks." + block, null);
      }
    }
    if (settings.path("index.translog.durability").asText().equalsIgnoreCase("async")) {
      throw failures.notReady(
          "index '"
              + name
              + "' has index.translog.durability async: what it has accepted may be"
              + " lost while the checkpoint is kept",
          "PUT /" + name + "/_settings {\"index.translog.durability\": \"request\"}");
    }
  }

  private void addFields(ObjectNode wanted) {
    JsonNode present =
        client.get("/" + name + "/_mapping").body().path(name).path("mappings").path("properties");
    ObjectNode missing = SearchClient.json().createObjectNode();
    for (Iterator<Map.Entry<String, JsonNode>> it = wanted.fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> field = it.next();
      JsonNode there = present.path(field.getKey());
      if (there.isMissingNode()) {
        missing.set(field.getKey(), field.getValue());
      } else if (!type(there).equals(type(field.getValue()))) {
        LOG.atWarn()
            .addKeyValue("index", name)
            .addKeyValue("field", field.getKey())
            .addKeyValue("is", type(there))
            .addKeyValue("wanted", type(field.getValue()))
            .log("field keeps its mapping until the sink is rebuilt");
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    int columns = present.size() + missing.size();
    if (columns * FIELDS_PER_COLUMN > USUAL_FIELDS) {
      ObjectNode limit = SearchClient.json().createObjectNode();
      limit.put("index.mapping.total_fields.limit", fieldLimit(columns));
      client.send("PUT", "/" + name + "/_settings", limit);
    }
    ObjectNode mapping = SearchClient.json().createObjectNode();
    mapping.set("properties", missing);
    SearchClient.Answer added = client.send("PUT", "/" + name + "/_mapping", mapping, 400);
    if (!added.isFound()) {
      throw mappingRefused(added);
    }
  }

  /** A field without a type is an object. */
  private static String type(JsonNode field) {
    return field.path("type").asText("object");
  }

  private RuntimeException mappingRefused(SearchClient.Answer answer) {
    return failures.notReady(
        "the mapping of index '"
            + name
            + "' was refused: "
            + answer.body().path("error").path("reason").asText(),
        "Check the types under the sink's 'mapping'.");
  }
}

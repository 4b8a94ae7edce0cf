package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.sinks.Generation;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The index of one generation: made, checked and given new fields. The one that serves stands
 * behind the alias that readers use.
 *
 * <p>Settings: a delete is remembered longer than any request can be on its way ({@code
 * gc_deletes}), and a refresh comes every second whether anybody searches or not, so that a row is
 * found soon after it was written. While it is built nobody reads it: no refresh, no copies. One
 * thread at a time.
 */
final class SearchIndex {
  private static final Logger LOG = LoggerFactory.getLogger(SearchIndex.class);
  private static final String GC_DELETES = "15m";
  private static final String GENERATION = "-g";

  /** What is searched within a second, and copied where there is a node to copy to. */
  static final String USUAL_REFRESH = "1s";

  static final String USUAL_COPIES = "0-1";

  /** OpenSearch's own limit; tables with more fields get more. */
  private static final int USUAL_FIELDS = 1_000;

  /** A column is at most itself and one field beside it. */
  private static final int FIELDS_PER_COLUMN = 2;

  private final SearchClient client;
  private final SearchFailures failures;
  private final String sink;
  private final String alias;
  private final String name;

  SearchIndex(
      SearchClient client, SearchFailures failures, String sink, String alias, int generation) {
    this.client = client;
    this.failures = failures;
    this.sink = sink;
    this.alias = alias;
    this.name = name(alias, generation);
  }

  /** What the index of a generation is called. */
  static String name(String alias, int generation) {
    return alias + GENERATION + generation;
  }

  String name() {
    return name;
  }

  /** Which index of this name it is; see {@link #findIdentity}. */
  String identity() {
    String identity = findIdentity();
    if (identity.isEmpty()) {
      throw failures.busy("index '" + name + "' has just been deleted; it is made again");
    }
    return identity;
  }

  /**
   * Another one when the index was deleted and made again, or restored: an index restored over a
   * closed one keeps its UUID, but not its history. Empty where there is no such index.
   */
  String findIdentity() {
    return identity(client, name);
  }

  static String identity(SearchClient client, String name) {
    JsonNode settings =
        client.get("/" + name + "/_settings/index.uuid,index.history.uuid").body().path(name);
    JsonNode index = settings.path("settings").path("index");
    String history = index.path("history").path("uuid").asText();
    return index.path("uuid").asText() + (history.isEmpty() ? "" : "." + history);
  }

  /**
   * Makes the index or adds to it what is missing; nothing that is there is changed.
   *
   * @param state which part its generation has
   * @return the identity of the index, if this very call made it, empty as it is
   */
  Optional<String> prepare(ObjectNode properties, Generation.State state) {
    boolean isServing = state == Generation.State.SERVING;
    boolean isMade = false;
    if (!client.get("/" + name + "/_alias").isFound()) {
      if (isServing) {
        requireAliasFree();
      }
      isMade = create(properties, state);
    }
    requireWritable();
    if (isServing) {
      ensureAlias();
    }
    addFields(properties);
    return isMade ? Optional.of(identity()) : Optional.empty();
  }

  private boolean create(ObjectNode properties, Generation.State state) {
    boolean isBuilding = state == Generation.State.BUILDING;
    ObjectNode body = SearchClient.json().createObjectNode();
    body.putObject("settings")
        .putObject("index")
        .put("gc_deletes", GC_DELETES)
        .put("refresh_interval", isBuilding ? "-1" : USUAL_REFRESH)
        .put("auto_expand_replicas", isBuilding ? "false" : USUAL_COPIES)
        .put("number_of_replicas", 0)
        .put("mapping.total_fields.limit", fieldLimit(properties.size()));
    ObjectNode mappings = body.putObject("mappings").put("dynamic", false);
    mappings.putObject("_meta").putObject("headwater").put("sink", sink);
    mappings.set("properties", properties);
    if (state == Generation.State.SERVING) {
      body.putObject("aliases").putObject(alias);
    }
    SearchClient.Answer made = client.send("PUT", "/" + name, body, 400);
    if (!made.isFound() && !made.errorType().equals("resource_already_exists_exception")) {
      throw mappingRefused(made);
    }
    return made.isFound();
  }

  private static int fieldLimit(int columns) {
    return Math.max(USUAL_FIELDS, columns * FIELDS_PER_COLUMN * 2);
  }

  /** The readers' name must be ours: an alias of nothing else, and no index. */
  private void requireAliasFree() {
    Optional<Integer> holder = holder(client, failures, sink, alias);
    if (holder.isPresent() && !name.equals(name(alias, holder.get()))) {
      throw failures.busy("readers are at generation " + holder.get() + " by now");
    }
  }

  /**
   * Which generation's index bears the readers' name; empty where none does.
   *
   * @throws dev.headwater.log.failure.HeadwaterException {@code TARGET_NOT_READY} where something
   *     of others does
   */
  static Optional<Integer> holder(
      SearchClient client, SearchFailures failures, String sink, String alias) {
    Optional<Integer> found = Optional.empty();
    JsonNode holders = client.get("/" + alias).body();
    for (Iterator<String> names = holders.fieldNames(); names.hasNext(); ) {
      String holder = names.next();
      if (holder.equals(alias)) {
        throw failures.notReady(
            "there is an index '" + alias + "', where an alias of that name is to be",
            "Delete or rename that index, or give the sink another 'index'.");
      }
      if (holder.equals("error") || holder.equals("status")) {
        continue;
      }
      JsonNode owner = holders.path(holder).path("mappings").path("_meta").path("headwater");
      Optional<Integer> number = number(alias, holder);
      if (number.isEmpty() || !owner.path("sink").asText(sink).equals(sink)) {
        throw failures.notReady(
            "the alias '" + alias + "' belongs to the index '" + holder + "'",
            "Remove that alias, or give the sink another 'index'.");
      }
      found = number;
    }
    return found;
  }

  /** The highest number of an index named as a generation's; 0 where there is none. */
  static int highest(SearchClient client, String alias) {
    int highest = 0;
    JsonNode present = client.get("/" + alias + GENERATION + "*/_alias").body();
    for (Iterator<String> names = present.fieldNames(); names.hasNext(); ) {
      highest = Math.max(highest, number(alias, names.next()).orElse(0));
    }
    return highest;
  }

  private static Optional<Integer> number(String alias, String index) {
    String prefix = alias + GENERATION;
    String digits = index.startsWith(prefix) ? index.substring(prefix.length()) : "";
    return digits.matches("[1-9][0-9]{0,8}")
        ? Optional.of(Integer.valueOf(digits))
        : Optional.empty();
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

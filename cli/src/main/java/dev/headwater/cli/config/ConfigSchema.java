package dev.headwater.cli.config;

import static dev.headwater.cli.config.ConfigField.choice;
import static dev.headwater.cli.config.ConfigField.nested;
import static dev.headwater.cli.config.ConfigField.optional;
import static dev.headwater.cli.config.ConfigField.required;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.config.ConfigField.Type;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Every field of {@code connectors.yaml}, and the JSON Schema that editors check it with. */
public final class ConfigSchema {
  static final List<ConfigField> LOG =
      List.of(
          optional("bootstrap_servers", Type.TEXT, "The brokers, host:port with commas between."),
          optional("replication_factor", Type.INTEGER, "Copies of each partition."),
          optional("min_insync_replicas", Type.INTEGER, "Copies that must have a record."),
          optional("partitions", Type.PARTITIONS, "One number, or one by table name or glob."),
          optional("delete_retention", Type.DURATION, "How long a tombstone stays readable."),
          optional("properties", Type.TEXT_MAP, "Any Kafka client property."));

  static final List<ConfigField> MASK =
      List.of(
          choice("with", "How the value is hidden.", "hmac-sha256", "redact", "nullify")
              .asRequired(),
          optional("secret", Type.TEXT, "The key of hmac-sha256."));

  static final List<ConfigField> COLUMNS =
      List.of(
          optional("exclude", Type.TEXTS, "schema.table.column that are left out."),
          nested("mask", Type.BLOCK_MAP, "schema.table.column that are hidden.", MASK));

  static final List<ConfigField> SNAPSHOT =
      List.of(
          optional("parallelism", Type.INTEGER, "Readers at the same time."),
          optional("chunk_rows", Type.INTEGER, "About how many rows a chunk has."),
          optional("chunk_bytes", Type.SIZE, "How many bytes a chunk has at most."),
          optional("rate", Type.INTEGER, "Rows per second at most; 0 for no limit."),
          optional("max_lag", Type.SIZE, "Readers wait while the stream is further behind."));

  static final List<ConfigField> SLOT =
      List.of(
          optional("name", Type.TEXT, "The replication slot; headwater_<connector> by default."),
          optional("wal_budget", Type.SIZE, "How much WAL the slot may hold back."),
          choice(
              "over_budget",
              "What is done beyond that.",
              "warn",
              "pause_snapshots",
              "give_up_slot"));

  static final List<ConfigField> CONNECTOR =
      List.of(
          required("name", Type.TEXT, "Topic prefix; slot and publication names derive from it."),
          choice("type", "The database's kind.", "postgres").asRequired(),
          required("url", Type.TEXT, "postgresql://host:port/database, without a secret."),
          required("user", Type.TEXT, "Who connects."),
          optional("password", Type.TEXT, "A reference such as ${PGPASSWORD}."),
          required("tables", Type.TEXTS, "schema.table, globs allowed."),
          optional("keys", Type.TEXTS_MAP, "Key columns of tables without a primary key."),
          nested("columns", Type.BLOCK, "Columns left out or hidden.", COLUMNS),
          nested("snapshot", Type.BLOCK, "How existing rows are read.", SNAPSHOT),
          nested("slot", Type.BLOCK, "The replication slot.", SLOT),
          choice("on_schema_change", "What a changed table does.", "follow", "stop"),
          optional("heartbeat", Type.DURATION, "How often an idle source is moved on; 0s: never."),
          optional("properties", Type.TEXT_MAP, "Debezium properties."));

  static final List<ConfigField> CONSOLE =
      List.of(
          optional("address", Type.TEXT, "host:port; off the loopback it needs a token."),
          optional("token", Type.TEXT, "A reference such as ${CONSOLE_TOKEN}."));

  private static final List<ConfigField> ANY_SINK =
      List.of(
          required("name", Type.TEXT, "Consumer group, checkpoints and commands go by it."),
          choice("type", "The target's kind.", "redis", "opensearch", "elasticsearch", "postgres")
              .asRequired(),
          required("url", Type.TEXT, "Where the target is, without a secret."),
          optional("user", Type.TEXT, "Who connects."),
          optional("password", Type.TEXT, "A reference such as ${REDIS_PASSWORD}."),
          required("tables", Type.TEXTS, "connector.schema.table, globs allowed."));

  private static final List<ConfigField> SEARCH_SINK =
      with(
          required("index", Type.TEXT, "The alias that readers use."),
          optional("mapping", Type.TEXT_MAP, "Overrides of the derived mapping, by column."));

  /** The fields of a sink by its type. */
  static final Map<String, List<ConfigField>> SINKS = sinks();

  static final List<ConfigField> ROOT =
      List.of(
          required("version", Type.INTEGER, "Always 1."),
          nested("log", Type.BLOCK, "Which Kafka holds the log; left out: one inside.", LOG),
          nested("connectors", Type.BLOCKS, "What is captured.", CONNECTOR).asRequired(),
          optional("sinks", Type.SINKS, "What is fed from the log."),
          nested("console", Type.BLOCK, "Where the console listens.", CONSOLE));

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private ConfigSchema() {}

  /** The JSON Schema (draft 2020-12) of the file. */
  public static String json() {
    ObjectNode schema = object(ROOT);
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "Headwater connectors.yaml");
    return schema.toPrettyString();
  }

  /** All fields that any sink has, for one whose type is not known. */
  static List<ConfigField> anySink() {
    Map<String, ConfigField> all = new LinkedHashMap<>();
    SINKS.values().forEach(fields -> fields.forEach(f -> all.putIfAbsent(f.name(), f)));
    return all.values().stream()
        .map(f -> ANY_SINK.contains(f) ? f : optional(f.name(), f.type(), f.doc()))
        .toList();
  }

  private static Map<String, List<ConfigField>> sinks() {
    Map<String, List<ConfigField>> sinks = new LinkedHashMap<>();
    sinks.put(
        "redis",
        with(
            required("key", Type.TEXT, "The key's template, such as customer:{id}."),
            choice("value", "How a row is stored.", "json", "hash"),
            optional("ttl", Type.DURATION, "How long a key lives; 0s: for ever."),
            choice("generations", "How a rebuilt cache takes over.", "in_place", "pointer")));
    sinks.put("opensearch", SEARCH_SINK);
    sinks.put("elasticsearch", SEARCH_SINK);
    sinks.put("postgres", with(required("schema", Type.TEXT, "The schema that readers use.")));
    return sinks;
  }

  private static List<ConfigField> with(ConfigField... more) {
    return Stream.concat(ANY_SINK.stream(), Stream.of(more)).toList();
  }

  private static ObjectNode object(List<ConfigField> fields) {
    ObjectNode object = NODES.objectNode().put("type", "object");
    object.put("additionalProperties", false);
    ObjectNode properties = object.putObject("properties");
    fields.forEach(f -> properties.set(f.name(), schema(f).put("description", f.doc())));
    var required = object.putArray("required");
    fields.stream().filter(ConfigField::required).forEach(f -> required.add(f.name()));
    return object;
  }

  private static ObjectNode schema(ConfigField field) {
    return switch (field.type()) {
      case TEXT -> text();
      case INTEGER -> either(NODES.objectNode().put("type", "integer"), reference());
      case SIZE ->
          either(NODES.objectNode().put("type", "integer"), text("[0-9]+ ?([KMGTkmgt]i?)?[Bb]?"));
      case DURATION -> text("[0-9]+ ?(ms|s|m|h|d)");
      case CHOICE -> {
        ObjectNode choice = NODES.objectNode();
        field.values().forEach(choice.putArray("enum")::add);
        yield either(choice, reference());
      }
      case TEXTS -> list(text());
      case TEXT_MAP -> map(text());
      case TEXTS_MAP -> map(list(text()));
      case PARTITIONS -> {
        ObjectNode count = NODES.objectNode().put("type", "integer").put("minimum", 1);
        yield either(count, reference(), map(either(count.deepCopy(), reference())));
      }
      case BLOCK -> object(field.fields());
      case BLOCKS -> list(object(field.fields()));
      case BLOCK_MAP -> map(object(field.fields()));
      case SINKS ->
          list(
              either(
                  SINKS.entrySet().stream()
                      .map(
                          sink -> {
                            ObjectNode schema = object(sink.getValue());
                            ((ObjectNode) schema.get("properties"))
                                .putObject("type")
                                .put("const", sink.getKey());
                            return schema;
                          })
                      .toArray(ObjectNode[]::new)));
    };
  }

  private static ObjectNode text() {
    ObjectNode text = NODES.objectNode();
    text.putArray("type").add("string").add("number").add("boolean");
    return text;
  }

  private static ObjectNode text(String pattern) {
    return NODES
        .objectNode()
        .put("type", "string")
        .put("pattern", "^(" + pattern + "|.*\\$\\{.+\\}.*)$");
  }

  private static ObjectNode reference() {
    return NODES.objectNode().put("type", "string").put("pattern", "\\$\\{.+\\}");
  }

  private static ObjectNode list(ObjectNode items) {
    ObjectNode list = NODES.objectNode().put("type", "array");
    list.set("items", items);
    return list;
  }

  private static ObjectNode map(ObjectNode values) {
    ObjectNode map = NODES.objectNode().put("type", "object");
    map.set("additionalProperties", values);
    return map;
  }

  private static ObjectNode either(ObjectNode... schemas) {
    ObjectNode either = NODES.objectNode();
    either.putArray("anyOf").addAll(List.of(schemas));
    return either;
  }
}

package dev.headwater.log.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.snapshot.TableLoad.Plan;
import dev.headwater.log.snapshot.TableLoad.Reload;
import dev.headwater.log.snapshot.TableLoad.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A table's load as it stands in {@code __headwater.snapshots}. */
public final class TableLoadJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TableLoadJson() {}

  /** The load as JSON bytes. */
  public static byte[] write(TableLoad load) {
    ObjectNode json = JSON.createObjectNode();
    json.put("state", load.state().name().toLowerCase(Locale.ROOT));
    json.put("rows", load.rows()).put("bytes", load.bytes());
    json.put("started_ms", load.startedMs()).put("ts_ms", System.currentTimeMillis());
    if (load.reload() != null) {
      json.putObject("reload")
          .put("request", load.reload().request())
          .put("where", load.reload().where())
          .put("since_seq", load.reload().sinceSeq());
    }
    if (load.plan() != null) {
      ObjectNode plan = json.putObject("plan");
      plan.put("by", load.plan().byKey() ? "key" : "ctid");
      plan.put("definition", load.plan().definition());
      ArrayNode todo = plan.putArray("todo");
      for (ChunkRange range : load.plan().todo()) {
        ObjectNode one = todo.addObject().put("leaf", range.leaf());
        putBound(one, "from", range.from());
        putBound(one, "to", range.to());
      }
    }
    try {
      return JSON.writeValueAsBytes(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void putBound(ObjectNode json, String name, @Nullable List<String> bound) {
    if (bound != null) {
      ArrayNode values = json.putArray(name);
      bound.forEach(values::add);
    }
  }

  /**
   * Reads a load back, marks of earlier versions too, which say no more than that it is complete.
   *
   * @throws HeadwaterException if it is not one
   */
  public static TableLoad parse(String table, byte[] bytes) {
    try {
      JsonNode json = JSON.readTree(bytes);
      return new TableLoad(
          State.valueOf(json.required("state").asText().toUpperCase(Locale.ROOT)),
          json.has("reload") ? reload(json.get("reload")) : null,
          json.has("plan") ? plan(json.get("plan")) : null,
          json.path("rows").asLong(),
          json.path("bytes").asLong(),
          json.path("started_ms").asLong());
    } catch (IOException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log – how far the load of '" + table + "' is cannot be read",
          "A newer Headwater wrote it, or something else wrote to __headwater.snapshots.",
          e);
    }
  }

  private static Reload reload(JsonNode json) {
    return new Reload(
        json.required("request").asText(),
        json.hasNonNull("where") ? json.get("where").asText() : null,
        json.required("since_seq").asLong());
  }

  private static Plan plan(JsonNode json) {
    List<ChunkRange> todo = new ArrayList<>();
    for (JsonNode range : json.required("todo")) {
      todo.add(
          new ChunkRange(
              range.required("leaf").asLong(), bound(range.path("from")), bound(range.path("to"))));
    }
    return new Plan(
        json.required("by").asText().equals("key"), json.required("definition").asText(), todo);
  }

  private static @Nullable List<String> bound(JsonNode json) {
    if (!json.isArray()) {
      return null;
    }
    List<String> values = new ArrayList<>();
    json.forEach(value -> values.add(value.asText()));
    return values;
  }
}

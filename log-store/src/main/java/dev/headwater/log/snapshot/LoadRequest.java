package dev.headwater.log.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A wish in {@code __headwater.control} that tables of a connector be loaded again. Withdrawn by
 * the capture that takes it; a refusal is reported in {@code __headwater.status} under its
 * component.
 *
 * @param id names the request; unique
 * @param tables {@code connector.schema.table}, each exactly
 * @param where an SQL condition for the rows to read; empty for all
 */
public record LoadRequest(String id, List<String> tables, Optional<String> where) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public LoadRequest {
    tables = List.copyOf(tables);
  }

  /** What the components of a connector's requests begin with; the id follows. */
  public static String componentsOf(String connector) {
    return "snapshot/" + connector + "/";
  }

  /** The request as JSON. */
  public String json() {
    ObjectNode json = JSON.createObjectNode().put("id", id);
    ArrayNode names = json.putArray("tables");
    tables.forEach(names::add);
    where.ifPresent(condition -> json.put("where", condition));
    return json.toString();
  }

  /**
   * Reads a request back.
   *
   * @throws HeadwaterException if it is none
   */
  public static LoadRequest parse(String text) {
    try {
      JsonNode json = JSON.readTree(text);
      List<String> tables = new ArrayList<>();
      json.required("tables").forEach(table -> tables.add(table.asText()));
      return new LoadRequest(
          json.required("id").asText(),
          tables,
          json.hasNonNull("where") ? Optional.of(json.get("where").asText()) : Optional.empty());
    } catch (IOException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log – a request to load tables cannot be read",
          "Something else wrote to __headwater.control.",
          e);
    }
  }

  /** A report that the request was refused. */
  public static String refusal(String why) {
    return JSON.createObjectNode().put("state", "refused").put("detail", why).toString();
  }
}

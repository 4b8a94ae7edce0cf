package dev.headwater.log.position;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** A position as it stands in {@code __headwater.positions}. */
public final class SourcePositionJson {
  private static final int FORMAT = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  private SourcePositionJson() {}

  /** The position as JSON bytes. */
  public static byte[] write(SourcePosition position) {
    ObjectNode json = JSON.createObjectNode();
    json.put("format", FORMAT);
    json.put("end_lsn", position.endLsn().toString());
    json.put("seq", position.seq());
    position
        .runningTransaction()
        .ifPresent(
            running ->
                json.putObject("running")
                    .put("commit_lsn", running.commitLsn().toString())
                    .put("xid", running.xid())
                    .put("events", running.events())
                    .put("last_event_lsn", running.lastEventLsn().toString()));
    if (!position.delivered().isEmpty()) {
      ArrayNode delivered = json.putArray("delivered");
      position.delivered().forEach(delivered::add);
    }
    json.putObject("source")
        .put("system_identifier", position.source().systemIdentifier())
        .put("timeline", position.source().timeline())
        .put("database", position.source().database())
        .put("slot", position.source().slot())
        .put("publication", position.source().publication());
    json.put("ts_ms", System.currentTimeMillis());
    try {
      return JSON.writeValueAsBytes(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a position back.
   *
   * @throws HeadwaterException if it is of a format that this version does not know
   */
  public static SourcePosition parse(byte[] bytes) {
    try {
      JsonNode json = JSON.readTree(bytes);
      int format = json.path("format").asInt();
      if (format != FORMAT) {
        throw new HeadwaterException(
            FailureCode.LOG_NOT_READY,
            "log – the stored position has format " + format + "; this version writes " + FORMAT,
            "A newer Headwater wrote it. Use that version, or a newer one.");
      }
      JsonNode source = json.required("source");
      return new SourcePosition(
          new SourceIdentity(
              source.required("system_identifier").asText(),
              source.required("timeline").asInt(),
              source.required("database").asText(),
              source.required("slot").asText(),
              source.required("publication").asText()),
          Lsn.parse(json.required("end_lsn").asText()),
          json.has("running") ? running(json.get("running")) : null,
          json.required("seq").asLong(),
          delivered(json.path("delivered")));
    } catch (IOException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log – the stored position cannot be read",
          "Something else wrote to __headwater.positions. Nothing is captured until it is mended.",
          e);
    }
  }

  private static List<Long> delivered(JsonNode json) {
    List<Long> xids = new ArrayList<>();
    json.forEach(xid -> xids.add(xid.asLong()));
    return xids;
  }

  private static RunningTransaction running(JsonNode json) {
    return new RunningTransaction(
        Lsn.parse(json.required("commit_lsn").asText()),
        json.required("xid").asLong(),
        json.required("events").asLong(),
        Lsn.parse(json.required("last_event_lsn").asText()));
  }
}

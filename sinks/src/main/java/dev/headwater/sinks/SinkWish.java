package dev.headwater.sinks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.Locale;

/**
 * What a command wants of a sink's generations, as it stands in {@code __headwater.control}. It is
 * state: a worker that starts later finds it, and the target notes which was carried out, so that
 * it is carried out once.
 *
 * @param request names it, unlike any other
 * @param action what is wanted
 * @param keepPrevious whether the generation that is replaced is kept for a rollback
 * @param rate rows per second at most for each worker while it loads; 0 for no limit
 * @param acceptsParked whether a generation may serve that lacks rows, for its target refuses them
 * @param atMs when it was wished, milliseconds since 1970
 */
public record SinkWish(
    String request,
    Action action,
    boolean keepPrevious,
    long rate,
    boolean acceptsParked,
    long atMs) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What can be wanted. */
  public enum Action {
    /** A new generation, made from the log's beginning. */
    REBUILD,
    /** The previous generation serves again. */
    ROLLBACK,
    /** The generation that is being built is dropped. */
    ABORT
  }

  /** The control board's name for the wishes of a sink. */
  public static String component(String sink) {
    return "sink/" + sink + "/generation";
  }

  /** As it stands on the control board. */
  public String json() {
    return JSON.createObjectNode()
        .put("request", request)
        .put("action", action.name().toLowerCase(Locale.ROOT))
        .put("keep_previous", keepPrevious)
        .put("rate", rate)
        .put("accept_parked", acceptsParked)
        .put("at_ms", atMs)
        .toString();
  }

  /**
   * Reads what stands on the control board.
   *
   * @throws HeadwaterException {@code LOG_NOT_READY} if it is none of ours
   */
  public static SinkWish parse(String json) {
    try {
      JsonNode node = JSON.readTree(json);
      return new SinkWish(
          node.path("request").asText(),
          Action.valueOf(node.path("action").asText().toUpperCase(Locale.ROOT)),
          node.path("keep_previous").asBoolean(),
          node.path("rate").asLong(),
          node.path("accept_parked").asBoolean(),
          node.path("at_ms").asLong());
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "topic '__headwater.control' – a wish for a sink cannot be read",
          "It was written by another version of Headwater: repeat the command with this one.",
          e);
    }
  }
}

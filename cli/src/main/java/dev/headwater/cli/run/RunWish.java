package dev.headwater.cli.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Whether a connector or sink is to run, as it stands in {@code __headwater.control} under its
 * component's name, {@code connector/shop} or {@code sink/customer-cache}.
 *
 * @param isPaused whether it is to stand still
 * @param restart names the last wish to have it started anew; empty for none
 */
public record RunWish(boolean isPaused, String restart) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Runs, and was never restarted. */
  public static final RunWish RUN = new RunWish(false, "");

  /** As it stands on the control board. */
  public String json() {
    return JSON.createObjectNode().put("paused", isPaused).put("restart", restart).toString();
  }

  /** What stands on the control board; what cannot be read asks for nothing. */
  public static RunWish parse(String json) {
    try {
      JsonNode node = JSON.readTree(json);
      return new RunWish(node.path("paused").asBoolean(), node.path("restart").asText());
    } catch (JsonProcessingException e) {
      return RUN;
    }
  }
}

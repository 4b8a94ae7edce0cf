package dev.headwater.cli.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.sinks.DeadLetter;
import java.util.Optional;

/** Parked rows in the words of a command's answer. */
final class Letters {
  /** Numbers keep the form they have in the log. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();

  private Letters() {}

  /** Whether a letter is of the row that somebody names, by its key or a key's only value. */
  static boolean isOf(DeadLetter letter, String wanted) {
    String key = new String(letter.key(), UTF_8);
    Optional<JsonNode> json = parse(key);
    return key.equals(wanted)
        || (json.isPresent()
            && json.get().size() == 1
            && json.get().elements().next().asText().equals(wanted));
  }

  /** Which row, and why; no value. */
  static String line(Console console, DeadLetter letter) {
    return "%s  generation %d%s  %s"
        .formatted(
            console.bold(letter.partition().table() + " " + new String(letter.key(), UTF_8)),
            letter.generation(),
            letter.isDelete() ? "  (delete)" : "",
            letter.reason());
  }

  /** The row's values. */
  static String value(DeadLetter letter) {
    return letter.isDelete()
        ? "(deleted)"
        : letter
            .value()
            .map(bytes -> new String(bytes, UTF_8))
            .orElse("(%,d bytes: 'headwater log get' shows it)".formatted(letter.valueBytes()));
  }

  /**
   * All of it for machines.
   *
   * @param withRow whether the row's values are wanted
   */
  static ObjectNode json(DeadLetter letter, boolean withRow) {
    ObjectNode json = JSON.createObjectNode().put("generation", letter.generation());
    json.put("table", letter.partition().table().toString());
    put(json, "key", new String(letter.key(), UTF_8));
    json.put("deleted", letter.isDelete()).put("reason", letter.reason());
    json.put("topic", letter.partition().topic()).put("partition", letter.partition().partition());
    json.put("offset", letter.offset()).put("seq", letter.seq());
    json.put("schema", letter.schemaVersion()).put("row_bytes", letter.valueBytes());
    json.put("parked_at_ms", letter.parkedAtMs());
    if (withRow) {
      letter.value().ifPresent(bytes -> put(json, "row", new String(bytes, UTF_8)));
    }
    return json;
  }

  private static void put(ObjectNode json, String field, String text) {
    parse(text).ifPresentOrElse(node -> json.set(field, node), () -> json.put(field, text));
  }

  private static Optional<JsonNode> parse(String text) {
    try {
      return Optional.of(JSON.readTree(text));
    } catch (JsonProcessingException e) {
      // Written by a stranger; it is shown as it stands.
      return Optional.empty();
    }
  }
}

package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;

/**
 * Dead letters as they stand in the log. Row and key are the table's own bytes, as nested JSON; one
 * that is no JSON, which only a stranger can have written, is base64.
 *
 * <p>The record's key names generation, topic, {@code seq} and the row's key: so whoever takes away
 * an older letter of a row cannot hit a newer one, however late it comes.
 */
final class DeadLetterJson {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final ObjectMapper JSON = new ObjectMapper();

  private DeadLetterJson() {}

  /** The key of the letter's record. */
  static String key(DeadLetter letter) {
    return new String(
        write(
            json -> {
              json.writeNumberField("generation", letter.generation());
              json.writeStringField("topic", letter.partition().topic());
              json.writeNumberField("seq", letter.seq());
              writeBytes(json, "key", letter.key());
            }),
        UTF_8);
  }

  /** Its value. */
  static byte[] value(DeadLetter letter) {
    return write(
        json -> {
          TableId table = letter.partition().table();
          json.writeNumberField("generation", letter.generation());
          json.writeArrayFieldStart("table");
          json.writeString(table.connector());
          json.writeString(table.schema());
          json.writeString(table.name());
          json.writeEndArray();
          json.writeStringField("topic", letter.partition().topic());
          json.writeStringField("topic_id", letter.partition().topicId());
          json.writeNumberField("partition", letter.partition().partition());
          json.writeNumberField("offset", letter.offset());
          json.writeNumberField("seq", letter.seq());
          json.writeNumberField("schema", letter.schemaVersion());
          json.writeStringField("reason", letter.reason());
          json.writeNumberField("parked_at_ms", letter.parkedAtMs());
          json.writeBooleanField("deleted", letter.isDelete());
          json.writeNumberField("row_bytes", letter.valueBytes());
          writeBytes(json, "key", letter.key());
          if (letter.value().isPresent()) {
            writeBytes(json, "row", letter.value().get());
          }
        });
  }

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] write(Body body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
    return out.toByteArray();
  }

  private static void writeBytes(JsonGenerator json, String name, byte[] bytes) throws IOException {
    if (isJson(bytes)) {
      json.writeFieldName(name);
      json.writeRawValue(new String(bytes, UTF_8));
    } else {
      json.writeStringField(name + "_base64", Base64.getEncoder().encodeToString(bytes));
    }
  }

  private static boolean isJson(byte[] bytes) {
    try (JsonParser parser = FACTORY.createParser(bytes)) {
      int depth = 0;
      int values = 0;
      for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        values += depth == 0 ? 1 : 0;
      }
      return values == 1;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Reads one back.
   *
   * @throws HeadwaterException {@code LOG_NOT_READY} if it is none of ours
   */
  static DeadLetter parse(String sink, byte[] value) {
    try {
      JsonNode json = JSON.readTree(value);
      JsonNode table = json.required("table");
      LogPartition partition =
          new LogPartition(
              new TableId(table.path(0).asText(), table.path(1).asText(), table.path(2).asText()),
              json.required("topic").asText(),
              json.required("topic_id").asText(),
              json.required("partition").asInt());
      return new DeadLetter(
          json.required("generation").asInt(),
          partition,
          bytes(value, json, "key").orElseThrow(() -> new IllegalArgumentException("no key")),
          json.required("offset").asLong(),
          json.required("seq").asLong(),
          json.required("schema").asInt(),
          json.required("deleted").asBoolean(),
          json.path("row_bytes").asLong(),
          bytes(value, json, "row"),
          json.required("reason").asText(),
          json.path("parked_at_ms").asLong());
    } catch (IOException | IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "topic '" + TopicNames.deadLetters(sink) + "' – a record of it cannot be read",
          "It was written by something else, or by another version of Headwater.",
          e);
    }
  }

  private static Optional<byte[]> bytes(byte[] whole, JsonNode json, String name)
      throws IOException {
    if (json.has(name + "_base64")) {
      return Optional.of(json.path(name + "_base64").binaryValue());
    }
    return json.has(name) ? Optional.of(slice(whole, name)) : Optional.empty();
  }

  /** A member's bytes as they stand: read as a tree, numbers might come back in another form. */
  private static byte[] slice(byte[] whole, String name) {
    JsonFields fields = new JsonFields(whole);
    byte[] wanted = name.getBytes(UTF_8);
    while (fields.next()) {
      if (fields.isNamed(wanted)) {
        return fields.raw();
      }
    }
    throw new IllegalArgumentException("no " + name);
  }
}

package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The documents in an answer of {@code _search} or {@code _mget}, their sources cut out byte for
 * byte: the server hands a source on as it was given.
 *
 * @param bytes the answer's length
 * @param documents those that were found
 */
record FoundDocuments(int bytes, List<Document> documents) {
  private static final JsonFactory JSON = new JsonFactory();

  /**
   * One document.
   *
   * @param version its version; 0 where it was not told
   * @param source empty where it was not asked for
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
  record Document(byte[] id, long version, byte[] source) {}

  static FoundDocuments parse(byte[] answer) throws IOException {
    List<Document> documents = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(answer)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token != JsonToken.FIELD_NAME) {
          continue;
        }
        String name = parser.currentName();
        if ((name.equals("hits") || name.equals("docs"))
            && parser.nextToken() == JsonToken.START_ARRAY) {
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            document(parser, answer, documents);
          }
        }
      }
    }
    return new FoundDocuments(answer.length, documents);
  }

  /** From behind a document's first brace to its last. */
  private static void document(JsonParser parser, byte[] answer, List<Document> documents)
      throws IOException {
    byte[] id = new byte[0];
    long version = 0;
    byte[] source = new byte[0];
    boolean isFound = true;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (name) {
        case "_id" -> id = parser.getText().getBytes(UTF_8);
        case "found" -> isFound = parser.getBooleanValue();
        case "error" -> {
          isFound = false;
          parser.skipChildren();
        }
        case "_version" -> version = parser.getLongValue();
        case "_source" -> {
          int from = (int) parser.currentTokenLocation().getByteOffset();
          parser.skipChildren();
          source = Arrays.copyOfRange(answer, from, (int) parser.currentLocation().getByteOffset());
        }
        default -> {
          if (value.isStructStart()) {
            parser.skipChildren();
          }
        }
      }
    }
    if (isFound) {
      documents.add(new Document(id, version, source));
    }
  }
}

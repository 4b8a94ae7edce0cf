package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What became of each item of a {@code _bulk} request: the request as a whole answers 200 whatever
 * befell them.
 *
 * @param items in the order of the actions; none in {@link #TOO_LARGE}, {@link #ALL_DONE} and
 *     {@link #UNKNOWN}
 */
record BulkAnswer(List<Item> items) {
  /** The server takes no request of that size. */
  static final BulkAnswer TOO_LARGE = new BulkAnswer(List.of());

  /** Every item is done. */
  static final BulkAnswer ALL_DONE = new BulkAnswer(List.of());

  /** Some item is not done. */
  static final BulkAnswer UNKNOWN = new BulkAnswer(List.of());

  private static final JsonFactory JSON = new JsonFactory();

  /** What OpenSearch and Elasticsearch call it. */
  private static final Set<String> ABOUT_ROW =
      Set.of(
          "mapper_parsing_exception",
          "document_parsing_exception",
          "strict_dynamic_mapping_exception",
          "max_bytes_length_exceeded_exception",
          "json_parse_exception",
          "x_content_parse_exception",
          "not_x_content_exception",
          "parse_exception",
          "parsing_exception");

  /**
   * One item's outcome.
   *
   * @param status HTTP's; 0 when it was not said
   * @param errorType empty when there was none
   * @param reason the server's words, which may quote values; empty when there was none
   */
  record Item(int status, String errorType, String reason) {
    /**
     * Whether the target is as it should be: written, deleted, not there to be deleted, or there in
     * this or a later version already.
     */
    boolean isDone() {
      return (status >= 200 && status < 300)
          || status == 409
          || (status == 404 && errorType.isEmpty());
    }

    /**
     * Whether the alias that was written through is gone, so that another writer has taken over.
     */
    boolean isFenced() {
      return status == 404 && !errorType.isEmpty();
    }

    /**
     * Whether the server looked at the row and will not have it. Other refusals with the same
     * status speak of the index: that it is closed, or that an alias names none to write to.
     */
    boolean isAboutRow() {
      return status == 400
          && (ABOUT_ROW.contains(errorType)
              || (errorType.equals("illegal_argument_exception") && !reason.contains("alias")));
    }

    /** Whether the same may simply be sent again later. */
    boolean isTransient() {
      return status == 429 || status >= 500;
    }
  }

  /** Which parts of the answer are asked for, to know of each item. */
  static final String ITEMS = "items.*.status,items.*.error.type,items.*.error.reason";

  /** Which part says whether all items are done. */
  static final String ERRORS = "errors";

  /** Reads an answer that was filtered by {@link #ERRORS}: all done, or unknown. */
  static BulkAnswer parseErrors(InputStream json) throws IOException {
    try (JsonParser parser = JSON.createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.FIELD_NAME && parser.currentName().equals(ERRORS)) {
          return parser.nextToken() == JsonToken.VALUE_FALSE ? ALL_DONE : UNKNOWN;
        }
      }
    }
    return UNKNOWN;
  }

  /** Reads an answer that was filtered by {@link #ITEMS}. */
  static BulkAnswer parse(InputStream json) throws IOException {
    List<Item> items = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.FIELD_NAME && parser.currentName().equals("items")) {
          parser.nextToken();
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            items.add(item(parser));
          }
        }
      }
    }
    return new BulkAnswer(items);
  }

  /** {@code {"index":{"status":201}}}, from behind its first brace to its last. */
  private static Item item(JsonParser parser) throws IOException {
    int status = 0;
    String type = "";
    String reason = "";
    int depth = 1;
    boolean inError = false;
    while (depth > 0) {
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw new IOException("the answer ends inside an item");
      }
      if (token.isStructStart()) {
        depth++;
        inError |= "error".equals(parser.currentName());
      } else if (token.isStructEnd()) {
        depth--;
        inError &= depth > 2;
      } else if (token == JsonToken.VALUE_NUMBER_INT && parser.currentName().equals("status")) {
        status = parser.getIntValue();
      } else if (token == JsonToken.VALUE_STRING && inError && depth == 3) {
        type = parser.currentName().equals("type") ? parser.getText() : type;
        reason = parser.currentName().equals("reason") ? parser.getText() : reason;
      }
    }
    return new Item(status, type, reason);
  }
}

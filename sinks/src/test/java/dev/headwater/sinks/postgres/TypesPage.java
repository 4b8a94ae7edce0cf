package dev.headwater.sinks.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.headwater.devservices.OddValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code docs/types.md}: each odd value as the log and a replica had it in a test that ran. */
final class TypesPage {
  private static final Path COMMITTED = Path.of("..", "docs", "types.md");
  private static final int LONGEST = 60;

  private static final String WRITE_AGAIN =
      "./mvnw -q verify -pl sinks -am -Dtest=none -Dit.test=ReplicaValuesIT"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false"
          + " -Dtypes.write=true";

  private static final String HEAD =
      """
      # Types

      What becomes of PostgreSQL's values, extreme and odd ones above all. A test sends each of these through the log into a
      PostgreSQL replica, compares it with the source, and writes this page; another compares what a snapshot and the stream
      write, byte by byte. `NULL` is SQL's. What a type is called in JSON, and why: [log-store](../log-store/README.md).

      | type | value | JSON in the log | in the replica |
      |---|---|---|---|
      """;

  private static final String TAIL =
      """

      - An enum's label that is added or renamed in mid-stream is its text, like any other.
      - A type that is not here is PostgreSQL's text as a JSON string. `vector` and PostGIS's types are such; they are not among
        the extensions of the server that the tests run.
      - Generated columns are left out: the stream does not carry them. Sequences and large objects are not captured; of a large
        object the table has its `oid`.
      - A large value that an update leaves as it is ("unchanged TOAST") is filled in, never a mark.
      - `money` prints as `lc_monetary = 'C'` does.
      - A text that looks like Debezium's `__debezium_unavailable_value` is a text.
      """;

  private TypesPage() {}

  /**
   * @param row the row as the log has it
   * @param replica the texts of its columns in the replica
   */
  static String write(String row, List<String> replica) throws IOException {
    Map<String, String> json = raw(row);
    StringBuilder page = new StringBuilder(HEAD);
    for (int i = 0; i < OddValues.all().size(); i++) {
      OddValues.Value value = OddValues.all().get(i);
      page.append("| ")
          .append(cell(value.type()))
          .append(" | ")
          .append(cell(value.sql()))
          .append(" | ")
          .append(cell(json.get("c" + i)))
          .append(" | ")
          .append(value.sql().equals("NULL") ? "NULL" : cell(replica.get(i)))
          .append(" |\n");
    }
    return page.append(TAIL).toString();
  }

  static void requireLevel(String page) throws IOException {
    if (Boolean.getBoolean("types.write")) {
      Files.writeString(COMMITTED, page);
    }
    assertThat(COMMITTED).as("write it with: %s", WRITE_AGAIN).exists();
    assertThat(Files.readString(COMMITTED))
        .as("docs/types.md has drifted; write it again with: %s", WRITE_AGAIN)
        .isEqualTo(page);
  }

  /** Each field's JSON as it stands, not as a parser would print it. */
  private static Map<String, String> raw(String row) throws IOException {
    Map<String, String> fields = new HashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(row)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        int from = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.getText();
        int to = (int) parser.currentLocation().getCharOffset();
        fields.put(name, row.substring(from, to));
      }
    }
    return fields;
  }

  private static String cell(String text) {
    StringBuilder shown = new StringBuilder();
    text.chars()
        .limit(LONGEST)
        .forEach(
            c -> {
              if (c < ' ') {
                shown.append(String.format("\\x%02x", c));
              } else {
                shown.append((char) c);
              }
            });
    String code = shown.toString().replace("|", "\\|");
    String more = text.length() > LONGEST ? " … " + text.length() + " characters" : "";
    return code.isEmpty() ? "*empty*" : "`` " + code + " ``" + more;
  }
}

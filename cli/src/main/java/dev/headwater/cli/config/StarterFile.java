package dev.headwater.cli.config;

import dev.headwater.capture.SourceSurvey.Found;
import java.util.List;
import java.util.Locale;

/**
 * Writes a {@code connectors.yaml} to begin with: the tables of one database, the ones that cannot
 * be captured as comments with the reason, and sinks to uncomment.
 *
 * @param name the connector's name
 * @param url the database, without any secret
 * @param user who connects
 * @param hasPassword whether the password is read from PGPASSWORD
 */
public record StarterFile(String name, String url, String user, boolean hasPassword) {

  /** The file's text with these tables; without any it is valid but for its empty list. */
  public String text(List<Found> tables) {
    StringBuilder text = new StringBuilder();
    text.append(head());
    for (Found table : tables) {
      String entry = "      - " + quoted(pattern(table));
      if (table.obstacle().isPresent()) {
        text.append("      # - ")
            .append(quoted(pattern(table)))
            .append("   # ")
            .append(table.obstacle().get())
            .append('\n');
      } else {
        text.append(String.format(Locale.ROOT, "%-46s# %s%n", entry, size(table)));
      }
    }
    tables.stream()
        .filter(table -> table.obstacle().isEmpty())
        .findFirst()
        .ifPresent(table -> text.append(sinks(table)));
    return text.toString();
  }

  private String head() {
    return """
    # Made by 'headwater init'. Check it with 'headwater validate', start with 'headwater run'.
    version: 1

    # Without a 'log' block a real Kafka broker runs inside the process, one copy in .headwater/log.
    # log:
    #   bootstrap_servers: kafka-1:9092,kafka-2:9092,kafka-3:9092

    connectors:
      - name: %s
        type: postgres
        url: %s
        user: %s
    %s    tables:
    """
        .formatted(
            name, quoted(url), quoted(user), hasPassword ? "    password: ${PGPASSWORD}\n" : "");
  }

  private String sinks(Found first) {
    String table = name + "." + pattern(first);
    String simple =
        first.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    StringBuilder key = new StringBuilder(simple);
    first.key().forEach(column -> key.append(":{").append(column).append('}'));
    return """

    # Uncomment what you want to be fed.
    # sinks:
    #   - name: %2$s-cache
    #     type: redis
    #     url: redis://localhost:6379
    #     tables: [%1$s]
    #     key: %3$s
    #   - name: %2$s-search
    #     type: opensearch
    #     url: http://localhost:9200
    #     tables: [%1$s]
    #     index: %2$s
    #   - name: reporting
    #     type: postgres
    #     url: postgresql://localhost:5432/reporting
    #     user: reporting
    #     password: ${REPORTING_PASSWORD}
    #     tables: ["%4$s.*"]
    #     schema: %5$s
    """
        .formatted(quoted(table), simple, quoted(key.toString()), name, name.replace('-', '_'));
  }

  private static String size(Found table) {
    String rows =
        table.estimatedRows() == 0
            ? "empty, or never analysed"
            : String.format(Locale.ROOT, "about %,d rows", table.estimatedRows());
    return table.bytes() == 0
        ? rows
        : rows + String.format(Locale.ROOT, ", %,.1f MB", table.bytes() / 1e6);
  }

  /** The table's name as the file can have it: what reads as a pattern is any one character. */
  private static String pattern(Found table) {
    return table.schema().replaceAll("[.*\"\\s\\\\^|()\\[\\]{}+$]", "?")
        + "."
        + table.name().replaceAll("[*\"\\s\\\\^|()\\[\\]{}+$]", "?");
  }

  /** A YAML scalar that is this text, and no reference. */
  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("${", "$${") + '"';
  }
}

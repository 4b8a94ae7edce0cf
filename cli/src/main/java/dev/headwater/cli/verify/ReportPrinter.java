package dev.headwater.cli.verify;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.sinks.Content;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.verify.Defect;
import dev.headwater.sinks.verify.Defect.Kind;
import dev.headwater.sinks.verify.Report;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says what a verification found, to people and to machines. */
public final class ReportPrinter {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ROW = "  %-34s %10s %8s %8s %10s %10s %8s %8s %8s";

  private final Console console;
  private final boolean showValues;

  /**
   * @param showValues whether values are told, and not only the names of their columns
   */
  public ReportPrinter(Console console, boolean showValues) {
    this.console = console;
    this.showValues = showValues;
  }

  /** One object with all of it. */
  public static ObjectNode json(Report report, boolean showValues) {
    ObjectNode json = JSON.createObjectNode();
    json.put("equal", report.isEqual()).put("rows", report.rows());
    long mended = 0;
    for (Kind kind : Kind.values()) {
      json.put(name(kind), report.count(kind));
      mended += report.mended(kind);
    }
    json.put("expired", report.tables().values().stream().mapToLong(c -> c.expired()).sum());
    json.put("mended", mended);
    json.put("strangers", report.strangers());
    json.put("lag_records", report.lagRecords());
    json.put("log_records", report.records());
    json.put("found_rows", report.found());
    json.put("spill_bytes", report.spillBytes());
    json.put("took_ms", report.millis());
    ObjectNode tables = json.putObject("tables");
    report
        .tables()
        .forEach(
            (table, counts) -> {
              ObjectNode one = tables.putObject(table).put("rows", counts.rows());
              for (Kind kind : Kind.values()) {
                one.put(name(kind), counts.count(kind));
              }
              one.put("expired", counts.expired()).put("looked_at_again", counts.suspects());
            });
    report.listed().forEach(defect -> json.withArray("defects").add(json(defect, showValues)));
    return json;
  }

  private static ObjectNode json(Defect defect, boolean showValues) {
    ObjectNode json = JSON.createObjectNode().put("class", name(defect.kind()));
    defect.row().ifPresent(row -> json.put("table", row.table().toString()).put("key", key(row)));
    json.put("name", printable(defect.name()));
    defect.columns().forEach(json.putArray("columns")::add);
    json.put("mended", defect.isMended());
    if (showValues) {
      put(json, "expected", defect.expected());
      put(json, "found", defect.found());
    }
    return json;
  }

  private static void put(ObjectNode json, String field, Optional<Content> content) {
    if (content.isEmpty()) {
      json.putNull(field);
      return;
    }
    ObjectNode values = json.putObject(field);
    content.get().columns().forEach(values::put);
  }

  /** A table of the counts, the first defects, and a last line that says how it stands. */
  public void print(String title, Report report) {
    console.answer(console.bold(title));
    console.answer(
        console.dim(
            String.format(
                ROW,
                "table",
                "rows",
                "missing",
                "extra",
                "different",
                "unsettled",
                "expired",
                "parked",
                "mended")));
    report.tables().forEach((table, counts) -> console.answer(line(table, counts)));
    report.listed().forEach(defect -> print(defect));
    long all = 0;
    long mended = 0;
    for (Kind kind : Kind.values()) {
      all += report.count(kind);
      mended += report.mended(kind);
    }
    if (all > report.listed().size()) {
      console.answer("  … and " + (all - report.listed().size()) + " more");
    }
    if (report.strangers() > 0) {
      console.answer("  " + report.strangers() + " names of others among ours, left alone");
    }
    console.answer(
        console.dim(
            String.format(
                Locale.ROOT,
                "  %,d records of the log, %,d rows found, %,d behind, %,d bytes spilled, %.1f s",
                report.records(),
                report.found(),
                report.lagRecords(),
                report.spillBytes(),
                report.millis() / 1e3)));
    console.answer(
        all == 0
            ? console.green("  equal")
            : report.isEqual()
                ? console.green("  equal again: " + mended + " rows mended")
                : console.red("  NOT EQUAL: " + (all - mended) + " rows"));
  }

  private static String line(String table, Report.Counts counts) {
    long mended = 0;
    for (Kind kind : Kind.values()) {
      mended += counts.mended(kind);
    }
    return String.format(
        ROW,
        table,
        counts.rows(),
        counts.count(Kind.MISSING),
        counts.count(Kind.EXTRA),
        counts.count(Kind.DIFFERENT),
        counts.count(Kind.UNSETTLED),
        counts.expired(),
        counts.count(Kind.PARKED),
        mended);
  }

  private void print(Defect defect) {
    String where =
        defect
            .row()
            .map(row -> row.table() + " " + key(row))
            .orElseGet(() -> printable(defect.name()));
    String columns = defect.columns().isEmpty() ? "" : "  " + String.join(", ", defect.columns());
    console.answer(
        "  "
            + console.red(String.format("%-9s", name(defect.kind())))
            + "  "
            + where
            + columns
            + (defect.isMended() ? console.green("  mended") : ""));
    if (showValues) {
      for (String column : defect.columns()) {
        console.answer(
            "             "
                + column
                + ": "
                + value(defect.found(), column)
                + " instead of "
                + value(defect.expected(), column));
      }
    }
  }

  private static @Nullable String value(Optional<Content> content, String column) {
    Map<String, @Nullable String> columns = content.map(Content::columns).orElse(Map.of());
    return columns.get(column);
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static String key(ReadBack.Row row) {
    return new String(row.key(), StandardCharsets.UTF_8);
  }

  private static String printable(String name) {
    return name.replace('\0', ' ');
  }
}

package dev.headwater.cli.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.snapshot.SnapshotReport;
import dev.headwater.snapshot.TableProgress;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.Locale;

/** How far loads are, as {@code status -o json} tells it. */
final class SnapshotJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A report is written every second; a thousand tables would make it large. */
  private static final int TABLES_SHOWN = 50;

  private SnapshotJson() {}

  /** The whole, and each table that is not loaded, as far as there is room. */
  static ObjectNode of(SnapshotReport report) {
    ObjectNode json = JSON.createObjectNode();
    json.put("complete", report.isIdle());
    json.put("rows", report.rows());
    json.put("estimated_rows", report.estimatedRows());
    json.put("percent", rounded(report.percent()));
    json.put("rows_per_second", Math.round(report.rowsPerSecond()));
    report.secondsLeft().ifPresent(left -> json.put("seconds_left", left));
    json.put("tables_in_all", report.tables().size());
    json.put(
        "tables_complete",
        report.tables().stream().filter(t -> t.phase() == Phase.COMPLETE).count());
    ObjectNode tables = json.putObject("tables");
    report.tables().stream()
        .filter(t -> t.phase() != Phase.COMPLETE)
        .sorted((a, b) -> Boolean.compare(isWaiting(a), isWaiting(b)))
        .limit(TABLES_SHOWN)
        .forEach(t -> tables.set(t.table().toString(), of(t)));
    return json;
  }

  private static boolean isWaiting(TableProgress table) {
    return table.phase() == Phase.WAITING;
  }

  private static ObjectNode of(TableProgress table) {
    ObjectNode json = JSON.createObjectNode();
    json.put("phase", table.phase().name().toLowerCase(Locale.ROOT));
    json.put("rows", table.rows());
    table.estimatedRows().ifPresent(rows -> json.put("estimated_rows", rows));
    json.put("percent", rounded(table.percent()));
    json.put("rows_per_second", Math.round(table.rowsPerSecond()));
    table.secondsLeft().ifPresent(left -> json.put("seconds_left", left));
    table.detail().ifPresent(detail -> json.put("detail", detail));
    return json;
  }

  private static double rounded(double percent) {
    return Math.round(percent * 10) / 10.0;
  }
}

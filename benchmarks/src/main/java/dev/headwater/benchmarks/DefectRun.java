package dev.headwater.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * Verification and repair while rows change: no false alarm in ten runs; then rows are changed,
 * deleted and added in the target by one of its ordinary clients, and the commands must name just
 * these and mend just these.
 */
final class DefectRun {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RUNS = 10;
  private static final int EACH = 50;
  private static final long FIRST_GHOST = 900_000_001L;
  private static final double MOST_SECONDS = 60;

  private final SwitchTarget target;
  private final Headwater sink;
  private final SwitchTable table;
  private final Report report;
  private int runs;

  DefectRun(SwitchTarget target, Headwater sink, SwitchTable table, Report report) {
    this.target = target;
    this.sink = sink;
    this.table = table;
    this.report = report;
  }

  /** What one verification said. */
  private record Said(int exit, JsonNode json) {
    double seconds() {
      return json.path("took_ms").asLong() / 1e3;
    }
  }

  /**
   * Does all of it.
   *
   * @param rows how many rows there are, of which the last {@link LiveWriter#QUIET_ROWS} stay as
   *     they are: what is spoiled and changed at once is mended by the change
   */
  void run(long rows) {
    double longest = 0;
    int alarms = 0;
    for (int run = 1; run <= RUNS; run++) {
      Said said = verify();
      longest = Math.max(longest, said.seconds());
      alarms += said.exit() == 0 ? 0 : 1;
    }
    table.step(
        "verify under writes, the longest", longest, alarms + " false alarms in " + RUNS + " runs");
    require(alarms == 0, "raised " + alarms + " false alarms");

    List<Long> changed = from(rows - LiveWriter.QUIET_ROWS + 1);
    List<Long> deleted = from(rows - EACH + 1);
    List<Long> ghosts = from(FIRST_GHOST);
    target.spoil(changed, deleted, ghosts);
    Map<String, String> spoiled = new TreeMap<>();
    changed.forEach(id -> spoiled.put(key(id), "different"));
    deleted.forEach(id -> spoiled.put(key(id), "missing"));
    ghosts.forEach(id -> spoiled.put(key(id), "extra"));

    Said found = verify();
    table.step(
        "verify, " + spoiled.size() + " rows spoiled",
        found.seconds(),
        found.json().path("defects").size() + " named");
    require(
        found.exit() == 1 && named(found).equals(spoiled), "did not name just what was spoiled");
    Said mended = verify("--repair");
    int count = mended.json().path("mended").asInt();
    table.step("verify --repair", mended.seconds(), count + " mended");
    require(
        mended.exit() == 0 && named(mended).equals(spoiled), "did not mend just what was spoiled");
    require(count == spoiled.size() && mended.seconds() < MOST_SECONDS, "took too long to mend");
    require(verify().exit() == 0, "differs after it was mended");
  }

  private void require(boolean isSo, String otherwise) {
    if (!isSo) {
      report.fail(target.name() + ": verification " + otherwise);
    }
  }

  private static List<Long> from(long first) {
    return LongStream.range(first, first + EACH).boxed().toList();
  }

  private static String key(long id) {
    return "{\"id\":" + id + "}";
  }

  private static Map<String, String> named(Said said) {
    Map<String, String> named = new TreeMap<>();
    for (JsonNode defect : said.json().path("defects")) {
      named.put(defect.path("key").asText(), defect.path("class").asText());
    }
    return named;
  }

  private Said verify(String... more) {
    List<String> command = new ArrayList<>(List.of("verify", target.name()));
    command.addAll(List.of("-q", "-o", "json", "--list", "1000"));
    command.addAll(List.of(more));
    String label = target.name() + "-verify-" + ++runs;
    try (Headwater process = sink.beside(label, command.toArray(String[]::new))) {
      int exit = process.awaitEnd();
      String output = process.output();
      String line =
          output
              .lines()
              .filter(text -> text.startsWith("{"))
              .findFirst()
              .orElseThrow(() -> new BenchmarkException("verify said: " + output));
      return new Said(exit, JSON.readTree(line));
    } catch (JsonProcessingException e) {
      throw new BenchmarkException("verify did not answer JSON", e);
    }
  }
}

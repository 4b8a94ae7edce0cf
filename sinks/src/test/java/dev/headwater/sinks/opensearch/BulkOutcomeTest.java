package dev.headwater.sinks.opensearch;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.TestRows;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A bulk answers 200 whatever became of its rows: none of them is taken for done by that. */
class BulkOutcomeTest {
  private static final int ROWS = 1_000;
  private static final int ODD = 500;
  private static final String DONE = "{\"index\":{\"status\":201}}";

  private final TestRows table = TestRows.withNumberKey();
  private final List<FoldedRow> rows = rows();
  private final BulkOutcome outcome =
      new BulkOutcome(new SearchFailures("search", "http://localhost"), table.partition());

  private List<FoldedRow> rows() {
    for (int id = 0; id < ROWS; id++) {
      table.put(key(id), row(id, "name", id));
    }
    return table.batch().rows();
  }

  /** All rows done but one. */
  private static BulkAnswer answer(int status, String type, String reason) throws IOException {
    String odd =
        "{\"index\":{\"status\":%d,\"error\":{\"type\":\"%s\",\"reason\":\"%s\",\"caused_by\":{\"type\":\"x\"}}}}"
            .formatted(status, type, reason);
    String items =
        IntStream.range(0, ROWS)
            .mapToObj(i -> i == ODD ? odd : DONE)
            .collect(Collectors.joining(",", "{\"items\":[", "]}"));
    return BulkAnswer.parse(new ByteArrayInputStream(items.getBytes(UTF_8)));
  }

  @Test
  void oneRefusedRowOfAThousandIsNotTakenForDone() throws Exception {
    outcome.add(rows, answer(400, "mapper_parsing_exception", "failed to parse field [name]"));

    assertThat(outcome.refused())
        .singleElement()
        .satisfies(refusal -> assertThat(refusal.row()).isSameAs(rows.get(ODD)));
  }

  @ParameterizedTest
  @CsvSource({
    "429,rejected_execution_exception,TARGET_UNREACHABLE",
    "503,unavailable_shards_exception,TARGET_UNREACHABLE",
    "403,cluster_block_exception,TARGET_NOT_READY",
    "400,index_closed_exception,TARGET_NOT_READY",
    "404,index_not_found_exception,FENCED",
  })
  void oneRowThatIsTurnedAwayFailsTheBatch(int status, String type, FailureCode code)
      throws Exception {
    outcome.add(rows, answer(status, type, "no reason"));

    assertThatThrownBy(outcome::refused)
        .isInstanceOfSatisfying(
            HeadwaterException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aRowThatIsNotAnsweredForFailsTheBatch() throws Exception {
    BulkAnswer answer =
        BulkAnswer.parse(new ByteArrayInputStream(("{\"items\":[" + DONE + "]}").getBytes(UTF_8)));
    outcome.add(rows, answer);

    assertThatThrownBy(outcome::refused).hasMessageContaining("1000 rows was answered with 1");
  }

  @Test
  void aNewerVersionThatIsThereAlreadyIsDone() throws Exception {
    outcome.add(rows, answer(409, "version_conflict_engine_exception", "higher version"));

    assertThat(outcome.refused()).isEmpty();
  }

  /** Only where the server says so is it not asked row by row. */
  @ParameterizedTest
  @ValueSource(strings = {"{\"errors\":true}", "{}", "{\"took\":3}", ""})
  void aBriefAnswerThatDoesNotSayThatAllIsDoneIsNotTakenForIt(String json) throws Exception {
    assertThat(BulkAnswer.parseErrors(new ByteArrayInputStream(json.getBytes(UTF_8))))
        .isSameAs(BulkAnswer.UNKNOWN);
    byte[] done = "{\"errors\":false}".getBytes(UTF_8);
    assertThat(BulkAnswer.parseErrors(new ByteArrayInputStream(done)))
        .isSameAs(BulkAnswer.ALL_DONE);
  }
}

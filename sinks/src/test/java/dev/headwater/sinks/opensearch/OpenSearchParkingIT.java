package dev.headwater.sinks.opensearch;

import static dev.headwater.sinks.TestRows.column;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.ParkingContract;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.TestRows;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Documents that an index refuses: no boolean, and a term that is longer than Lucene has them. */
class OpenSearchParkingIT extends ParkingContract {
  private static final String URL = SharedServices.openSearch().url();
  private static final int LONGER_THAN_A_TERM = 40_000;

  private final Http http = new Http(URL);

  @Override
  protected TestRows table() {
    return TestRows.of(
        List.of(
            column("id", "int8", "bigint", false),
            column("name", "text", "text", true),
            column("note", "text", "text", true),
            column("qty", "int4", "integer", true)),
        "id");
  }

  @Override
  protected SinkConfig config(TestRows table) {
    return OpenSearchTarget.config(
        name,
        URL,
        List.of(table.schema().table().toString()),
        Map.of("name", "boolean", "note", "keyword"));
  }

  @Override
  protected String refusedName() {
    return "secret words";
  }

  @Override
  protected String refusedNote() {
    return "x".repeat(LONGER_THAN_A_TERM);
  }

  @Override
  protected void spoil() {
    ignoreAbove(2 * LONGER_THAN_A_TERM);
  }

  @Override
  protected void mend() {
    ignoreAbove(1_000);
  }

  private void ignoreAbove(int length) {
    http.send(
        "PUT",
        "/" + name + "/_mapping",
        "{\"properties\":{\"note\":{\"type\":\"keyword\",\"ignore_above\":%d}}}".formatted(length));
  }

  @Override
  protected boolean refusesCheaply() {
    return false;
  }

  @Test
  void aClosedIndexIsNoBadRow() throws Exception {
    put(1, 1);
    sink().await(() -> rows().size() == 1);
    http.send("POST", "/" + name + "-g1/_close", "");
    put(2, 1);

    assertThatThrownBy(() -> sink().await(() -> false))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY));
    assertThat(parked()).isEmpty();
  }

  @Override
  protected Map<Long, Integer> rows() {
    Map<Long, Integer> rows = new TreeMap<>();
    http.send("POST", "/" + name + "/_refresh", "");
    String query = "{\"size\":10000,\"_source\":[\"id\",\"qty\"]}";
    for (JsonNode hit :
        http.send("POST", "/" + name + "/_search", query).path("hits").path("hits")) {
      JsonNode row = hit.path("_source");
      rows.put(row.path("id").asLong(), row.path("qty").asInt());
    }
    return rows;
  }
}

package dev.headwater.sinks.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.schema.ColumnSchema;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RowTextTest {
  private final List<ColumnSchema> columns =
      List.of(
          LogTable.column("id", "int8", "bigint"),
          LogTable.column("a \"b\"\n", "text", "text"),
          LogTable.column("doc", "jsonb", "jsonb"));
  private final RowText row = new RowText(columns, new EnumLabels());

  @Test
  void columnsAreReadInOrderOrOutOfIt() {
    for (String json :
        List.of(
            "{\"id\":1,\"a \\\"b\\\"\\n\":\"x\",\"doc\":{\"k\": [1, 2]}}",
            "{\"doc\":{\"k\": [1, 2]},\"id\":1,\"a \\\"b\\\"\\n\":\"x\"}")) {
      row.read(json.getBytes(UTF_8), Optional.empty());

      assertThat(row.string(0)).isEqualTo("1");
      assertThat(row.string(1)).isEqualTo("x");
      assertThat(row.string(2)).isEqualTo("{\"k\": [1, 2]}");
    }
  }

  @Test
  void aJsonNullIsNullUnlessTheHeaderNamesItsColumn() {
    byte[] json = "{\"id\":null,\"a \\\"b\\\"\\n\":\"null\",\"doc\":null}".getBytes(UTF_8);

    row.read(json, Optional.of("[\"doc\"]"));
    assertThat(row.isNull(0)).isTrue();
    assertThat(row.string(1)).isEqualTo("null");
    assertThat(row.string(2)).isEqualTo("null");

    row.read(json, Optional.empty());
    assertThat(row.isNull(2)).isTrue();
  }

  @Test
  void copyLinesAreEscaped() {
    row.read(
        "{\"id\":null,\"a \\\"b\\\"\\n\":\"\\\\N\\t\\n\\r\\u000b\\b.\",\"doc\":\"\\\\.\"}"
            .getBytes(UTF_8),
        Optional.empty());
    TextBuffer out = new TextBuffer();
    for (int i = 0; i < columns.size(); i++) {
      row.writeCopy(i, out);
      out.write('|');
    }

    assertThat(out.string(0, out.size())).isEqualTo("\\N|\\\\N\\t\\n\\r\\v\b.|\"\\\\\\\\.\"|");
  }

  @Test
  void aRowThatIsNotOfItsSchemaIsRefused() {
    for (String json :
        List.of(
            "{\"id\":1}",
            "{\"id\":1,\"id\":2,\"doc\":1}",
            "{\"id\":1,\"other\":2,\"doc\":1}",
            "[]",
            "{\"id\":1,\"a \\\"b\\\"\\n\":\"x\",\"doc\":{\"k\": [1, 2]}")) {
      assertThatThrownBy(() -> row.read(json.getBytes(UTF_8), Optional.empty()))
          .as(json)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}

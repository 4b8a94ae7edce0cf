package dev.headwater.log.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class KeyFormTest {
  private static String key(String type, String declared, String json) {
    JsonBuffer row = new JsonBuffer();
    row.write(json.getBytes(StandardCharsets.UTF_8));
    JsonBuffer key = new JsonBuffer();
    KeyForm.of(new ColumnSchema("k", PgType.base(type), declared, false, null))
        .write(row, 0, row.size(), key);
    return new String(key.toByteArray(), StandardCharsets.UTF_8);
  }

  @Test
  void equalNumbersAreTheSameBytes() {
    assertThat(key("numeric", "numeric", "\"1.500\"")).isEqualTo("\"1.5\"");
    assertThat(key("numeric", "numeric", "\"1.000\"")).isEqualTo("\"1\"");
    assertThat(key("numeric", "numeric", "\"0.00\"")).isEqualTo("\"0\"");
    assertThat(key("numeric", "numeric", "\"100\"")).isEqualTo("\"100\"");
    assertThat(key("numeric", "numeric", "\"-10.10\"")).isEqualTo("\"-10.1\"");
    assertThat(key("numeric", "numeric", "\"NaN\"")).isEqualTo("\"NaN\"");
    assertThat(key("float8", "double precision", "-0")).isEqualTo("0");
    assertThat(key("float8", "double precision", "-0.5")).isEqualTo("-0.5");
  }

  @Test
  void whatHasOneFormKeepsIt() {
    assertThat(key("numeric", "numeric(10,2)", "\"1.50\"")).isEqualTo("\"1.50\"");
    assertThat(key("text", "text", "\"1.50\"")).isEqualTo("\"1.50\"");
  }
}

package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TableKeysTest {
  private static final TableId TABLE = new TableId("shop", "public", "a.b");

  @Test
  void aNameIsReadBackToTheKeyItWasMadeOf() {
    TableKeys table = table(column("tenant", "text"), column("no", "int8"));
    KeyTemplate template = new KeyTemplate("x:{table}/{no}-{tenant}:end");
    for (String key :
        List.of(
            "{\"tenant\":\"a\",\"no\":1}",
            "{\"tenant\":\"\",\"no\":-7}",
            "{\"tenant\":\"%3A:/-\\\"\\\\\\n\",\"no\":0}",
            "{\"tenant\":\"\uD83D\uDE00:end\",\"no\":10}",
            "{\"tenant\":\"12\",\"no\":12}")) {
      byte[] name = template.name(TABLE, key.getBytes(UTF_8));

      assertThat(read(template, table, new String(name, UTF_8))).contains(key);
      assertThat(read(template, TableKeys.parse(table.toJson()), new String(name, UTF_8)))
          .contains(key);
    }
  }

  @Test
  void whatIsNotExactlyARowsNameIsNone() {
    KeyTemplate template = new KeyTemplate("customer:{id}");
    TableKeys table = table(column("id", "int8"));
    assertThat(read(template, table, "customer:42")).contains("{\"id\":42}");
    for (String name :
        List.of(
            "customer:42:session",
            "customer:",
            "customer:abc",
            "customer:042",
            "customer:+42",
            "customer:4%32",
            "customer:42 ",
            "customer:9223372036854775808",
            "customers:42",
            "customer",
            "")) {
      assertThat(read(template, table, name)).as(name).isEmpty();
    }
  }

  @Test
  void otherTypesHaveTheirOwnForms() {
    KeyTemplate template = new KeyTemplate("k:{k}");
    assertThat(read(template, table(column("k", "bool")), "k:true")).contains("{\"k\":true}");
    assertThat(read(template, table(column("k", "bool")), "k:t")).isEmpty();
    assertThat(read(template, table(column("k", "float8")), "k:1.5e+300"))
        .contains("{\"k\":1.5e+300}");
    assertThat(read(template, table(column("k", "float8")), "k:NaN")).contains("{\"k\":\"NaN\"}");
    assertThat(read(template, table(column("k", "numeric")), "k:1.50"))
        .contains("{\"k\":\"1.50\"}");
    assertThat(read(template, table(column("k", "jsonb")), "k:[1, 2]")).contains("{\"k\":[1, 2]}");
    assertThat(read(template, table(column("k", "jsonb")), "k:[1] 2"))
        .contains("{\"k\":\"[1] 2\"}");
    assertThat(read(template, table(column("k", "text")), "k:true")).contains("{\"k\":\"true\"}");
    assertThat(read(template, table(column("k", "int2")), "k:32768")).isEmpty();
    assertThat(read(template, table(column("k", "oid")), "k:4294967295"))
        .contains("{\"k\":4294967295}");
    assertThat(read(template, table(column("k", "oid")), "k:-1")).isEmpty();
    assertThat(read(template, table(column("k", "numeric")), "k:1,5")).isEmpty();
    assertThat(read(template, table(column("k", "uuid")), "k:nothing")).isEmpty();
    assertThat(read(template, table(column("k", "date")), "k:2026-01-31"))
        .contains("{\"k\":\"2026-01-31\"}");
    assertThat(read(template, table(column("k", "date")), "k:today")).isEmpty();
  }

  @Test
  void aColumnThatIsMissingMakesNoKey() {
    TableKeys pairs = table(column("tenant", "text"), column("id", "uuid"));
    assertThat(pairs.key(Map.of("tenant", "a".getBytes(UTF_8)))).isEmpty();
  }

  private static TableKeys table(ColumnSchema... key) {
    List<String> names = List.of(key).stream().map(ColumnSchema::name).toList();
    return TableKeys.of(new TableSchema(TABLE, 1, List.of(key), names));
  }

  private static ColumnSchema column(String name, String type) {
    return TestRows.column(name, type, type, false);
  }

  private static Optional<String> read(KeyTemplate template, TableKeys table, String name) {
    return template.key(table, name.getBytes(UTF_8)).map(key -> new String(key, UTF_8));
  }
}

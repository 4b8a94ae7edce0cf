package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The way back from a name to the key that made it, and from no other name. */
class KeyTextTest {
  private static final TableId TABLE = new TableId("shop", "public", "t");

  private final TableSchema numbers =
      new TableSchema(
          TABLE, 1, List.of(TestRows.column("id", "int8", "bigint", false)), List.of("id"));
  private final TableSchema pairs =
      new TableSchema(
          TABLE,
          1,
          List.of(
              TestRows.column("tenant", "text", "text", false),
              TestRows.column("id", "uuid", "uuid", false)),
          List.of("tenant", "id"));

  @Test
  void readsBackTheNamesThatTheTemplateMakes() {
    KeyTemplate template = new KeyTemplate("c:{tenant}:{id}.x");
    String key =
        "{\"tenant\":\"a:b%\\\"c\\\\ \u00e9\",\"id\":\"11111111-2222-3333-4444-555555555555\"}";
    byte[] name = template.name(TABLE, key.getBytes(UTF_8));

    Optional<byte[]> back = template.read(name).flatMap(texts -> KeyText.json(pairs, texts));

    assertThat(new String(back.orElseThrow(), UTF_8)).isEqualTo(key);
  }

  @Test
  void leavesStrangersNamesAlone() {
    KeyTemplate template = new KeyTemplate("customer:{id}");
    for (String name :
        List.of(
            "customer:42:session",
            "customer:",
            "customer:abc",
            "customer:042",
            "customer:4%2F2",
            "customer:9223372036854775808",
            "customers:42",
            "custom")) {
      assertThat(template.read(name.getBytes(UTF_8)).flatMap(texts -> KeyText.json(numbers, texts)))
          .as(name)
          .isEmpty();
    }
    assertThat(read(template, "customer:-42")).isEqualTo("{\"id\":-42}");
    assertThat(read(template, "customer:42")).isEqualTo("{\"id\":42}");
  }

  @Test
  void aTextThatTheTypeNeverHasMakesNoKey() {
    assertThat(KeyText.json(pairs, Map.of("tenant", "a".getBytes(UTF_8)))).isEmpty();
    assertThat(
            KeyText.json(
                pairs, Map.of("tenant", "a".getBytes(UTF_8), "id", "nothing".getBytes(UTF_8))))
        .isEmpty();
  }

  private String read(KeyTemplate template, String name) {
    return new String(
        template
            .read(name.getBytes(UTF_8))
            .flatMap(texts -> KeyText.json(numbers, texts))
            .orElseThrow(),
        UTF_8);
  }
}

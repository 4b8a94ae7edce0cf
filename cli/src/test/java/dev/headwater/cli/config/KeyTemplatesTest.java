package dev.headwater.cli.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.KeyTemplate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyTemplatesTest {
  private static final TableId ORDERS = new TableId("shop", "public", "orders");
  private static final List<String> PIECES = List.of("", "a", ":", "-", "%", "x", "n");
  private static final List<String> TEMPLATES =
      List.of(
          "x:{id}",
          "x:{id}:n",
          "x-{id}",
          "x-{id}-n",
          "x{id}",
          "{id}",
          "{id}x",
          "{id}-{n}",
          "{id}:{n}",
          "x:{n}-{id}",
          "x:{id}-{n}",
          "a{id}x",
          "{id}:x",
          "%{id}");

  /** Names made by the sink itself: what it can write twice, the check must have refused. */
  @Test
  void whatMeetsInTheSinkIsRefused() {
    for (String one : TEMPLATES) {
      for (String other : TEMPLATES) {
        Set<String> both = names(one);
        both.retainAll(names(other));
        if (!both.isEmpty()) {
          assertThat(KeyTemplates.canMeet(one, other))
              .as("%s and %s both give %s", one, other, both)
              .isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "customer:{id}, customer:{id}:orders",
    "customer:{id}, order:{id}",
    "{id}:a, {id}:b",
    "{table}:{id}, x:{a}:{b}",
  })
  void templatesThatStayApartAreAllowed(String one, String other) {
    assertThat(KeyTemplates.canMeet(one, other)).isFalse();
    assertThat(KeyTemplates.canMeet(other, one)).isFalse();
  }

  private static Set<String> names(String template) {
    KeyTemplate made = new KeyTemplate(template);
    Set<String> names = new HashSet<>();
    for (String a : PIECES) {
      for (String b : PIECES) {
        for (String n : PIECES) {
          String key = "{\"id\":\"" + a + b + "\",\"n\":\"" + n + b + "\"}";
          names.add(new String(made.name(ORDERS, key.getBytes(UTF_8)), UTF_8));
        }
      }
    }
    return names;
  }
}

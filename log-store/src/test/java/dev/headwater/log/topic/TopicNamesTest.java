package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.TableId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.internals.Topic;
import org.junit.jupiter.api.Test;

class TopicNamesTest {
  /** Pieces that meet at the seams of the escape: what starts one, ends one, and fills one. */
  private static final List<String> PIECES =
      List.of(
          "_", "x", "2", "e", "20", ".", " ", "_x2e_", "_x", "-", "a", "Z", "é", "😀", "\uD83D");

  @Test
  void leavesUsualNamesAsTheyAre() {
    assertThat(name("shop", "public", "orders")).isEqualTo("shop.public.orders");
    assertThat(name("shop-eu", "my_schema", "order_xref_items"))
        .isEqualTo("shop-eu.my_schema.order_xref_items");
    assertThat(name("shop", "_x", "_xa")).isEqualTo("shop._x._xa");
  }

  @Test
  void keepsADotInsideAPartApartFromTheDotsBetween() {
    assertThat(name("shop", "a.b", "c")).isEqualTo("shop.a_x2e_b.c");
    assertThat(name("shop", "a", "b.c")).isEqualTo("shop.a.b_x2e_c");
    assertThat(name("shop", "a b", "c")).isNotEqualTo(name("shop", "a_b", "c"));
    assertThat(name("shop", "public", "_x20!")).isNotEqualTo(name("shop", "public", " x21_"));
  }

  @Test
  void givesDistinctTablesDistinctNamesThatKafkaAllows() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<String, TableId> taken = new HashMap<>();
    for (int i = 0; i < 300_000; i++) {
      TableId table = new TableId("c" + part(random, 2), part(random, 3), part(random, 5));
      String name = TopicNames.forTable(table);

      assertThat(Topic.isValid(name)).as("seed %d: %s", seed, table).isTrue();
      TableId other = taken.put(name, table);
      if (other != null) {
        assertThat(other).as("seed %d: both are %s", seed, name).isEqualTo(table);
      }
    }
  }

  @Test
  void cutsLongNamesAndKeepsThemApart() {
    String longest = "t".repeat(63);
    String emoji = "😀".repeat(15);

    String one = name("c".repeat(60), emoji, longest + "1");
    String two = name("c".repeat(60), emoji, longest + "2");

    assertThat(one).hasSize(249).isNotEqualTo(two);
    assertThat(two).hasSize(249);
  }

  private static String part(Random random, int pieces) {
    StringBuilder part = new StringBuilder();
    for (int i = random.nextInt(pieces + 1); i >= 0; i--) {
      part.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    return part.toString();
  }

  private static String name(String connector, String schema, String table) {
    return TopicNames.forTable(new TableId(connector, schema, table));
  }
}

package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.TableId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TopicNamesTest {
  private static final long SEED = 20_240_611L;
  private static final List<String> PIECES =
      List.of(
          "a", "b", "x", "X", "_", "__", ".", "-", " ", "_x", "_x2e_", "2e", "5f", "_x5f_", "x5f_",
          "ä", "😀", "f09f9880", "\"", "/", "*", "\u0000", "public", "orders");

  @Test
  void plainNamesStayAsTheyAre() {
    assertThat(TopicNames.forTable(new TableId("shop", "public", "orders")))
        .isEqualTo("shop.public.orders");
    assertThat(TopicNames.forTable(new TableId("shop-1", "Public", "order_items_2")))
        .isEqualTo("shop-1.Public.order_items_2");
  }

  @Test
  void aDotInsideAPartIsEscaped() {
    assertThat(TopicNames.forTable(new TableId("shop", "a.b", "c")))
        .isEqualTo("shop.a_x2e_b.c")
        .isNotEqualTo(TopicNames.forTable(new TableId("shop", "a", "b.c")));
  }

  @Test
  void anUnderscoreThatLooksLikeAnEscapeIsEscaped() {
    assertThat(TopicNames.forTable(new TableId("shop", "public", "a_x2e_b")))
        .isEqualTo("shop.public.a_x5f_x2e_b");
  }

  @Test
  void charactersOutsideAsciiBecomeTheirUtf8() {
    assertThat(TopicNames.forTable(new TableId("shop", "public", "😀")))
        .isEqualTo("shop.public._xf09f9880_");
  }

  @Test
  void distinctTablesGetDistinctNamesThatKafkaAllows() {
    Random random = new Random(SEED);
    Map<String, TableId> byName = new HashMap<>();
    for (int i = 0; i < 200_000; i++) {
      TableId table = new TableId(part(random, 3), part(random, 4), part(random, 4));
      String name = TopicNames.forTable(table);
      TableId other = byName.put(name, table);
      assertThat(other == null || other.equals(table))
          .as("%s and %s are both '%s' (seed %d)", other, table, name, SEED)
          .isTrue();
      assertThat(isAllowed(name)).as(name).isTrue();
    }
  }

  @Test
  void longNamesAreCutAndStayDistinct() {
    Random random = new Random(SEED);
    Map<String, TableId> byName = new HashMap<>();
    for (int i = 0; i < 5_000; i++) {
      String common = "😀".repeat(15);
      TableId table = new TableId("shop", common, common + i + part(random, 4));
      String name = TopicNames.forTable(table);
      assertThat(name).hasSizeLessThanOrEqualTo(249);
      assertThat(byName.put(name, table)).as(name).isNull();
    }
  }

  @Test
  void aNameOfExactlyTheLimitIsNotCut() {
    String last = "t".repeat(249 - "shop.public.".length());
    assertThat(TopicNames.forTable(new TableId("shop", "public", last)))
        .isEqualTo("shop.public." + last);
    assertThat(TopicNames.forTable(new TableId("shop", "public", last + "t")))
        .hasSize(249)
        .matches(".*-[0-9a-f]{32}");
  }

  private static String part(Random random, int most) {
    StringBuilder part = new StringBuilder();
    int pieces = 1 + random.nextInt(most);
    for (int i = 0; i < pieces; i++) {
      part.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    return part.toString();
  }

  private static boolean isAllowed(String name) {
    return name.length() <= 249
        && name.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '.'
                        || c == '_'
                        || c == '-');
  }
}

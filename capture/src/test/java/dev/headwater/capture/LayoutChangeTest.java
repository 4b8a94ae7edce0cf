package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.catalog.TableLayout;
import dev.headwater.log.catalog.TableLayout.Column;
import dev.headwater.log.catalog.TableLayout.Part;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayoutChangeTest {
  private static final Column ID = new Column("id", 23, -1, "700", true);
  private static final TableLayout BEFORE =
      new TableLayout(Map.of(10L, new Part(10, false)), Map.of(1, ID));

  private static TableLayout with(Part part, Column id) {
    return new TableLayout(Map.of(10L, part), Map.of(1, id));
  }

  @Test
  void whatChangesNoRowIsNothing() {
    Part newFile = new Part(11, false);
    assertThat(LayoutChange.between(BEFORE, with(newFile, ID))).isEmpty();
    assertThat(
            LayoutChange.between(
                BEFORE, with(new Part(10, false), new Column("id", 23, -1, "800", true))))
        .isEmpty();
    assertThat(
            LayoutChange.between(
                BEFORE,
                new TableLayout(
                    BEFORE.parts(), Map.of(1, ID, 2, new Column("n", 23, -1, "800", false)))))
        .isEmpty();
    assertThat(LayoutChange.between(BEFORE, new TableLayout(BEFORE.parts(), Map.of()))).isEmpty();
  }

  @Test
  void ddlThatChangesRowsWithoutAWordIsFound() {
    assertThat(
            LayoutChange.between(
                BEFORE,
                new TableLayout(
                    BEFORE.parts(), Map.of(1, ID, 2, new Column("n", 23, -1, "800", true)))))
        .hasValueSatisfying(c -> assertThat(c.where()).isNull());
    Part same = new Part(10, false);
    assertThat(LayoutChange.between(BEFORE, with(same, new Column("no", 23, -1, "8", true))))
        .hasValueSatisfying(c -> assertThat(c.reason()).contains("was named 'id'"));
    assertThat(LayoutChange.between(BEFORE, with(same, new Column("id", 20, -1, "8", true))))
        .hasValueSatisfying(c -> assertThat(c.reason()).contains("another type"));
    assertThat(
            LayoutChange.between(
                BEFORE, with(new Part(11, false), new Column("id", 23, -1, "8", true))))
        .hasValueSatisfying(c -> assertThat(c.reason()).contains("rewritten"));
  }

  @Test
  void textsAndWiderTypesWithoutARewriteAreNothing() {
    TableLayout varchar =
        new TableLayout(BEFORE.parts(), Map.of(1, new Column("t", 1043, 14, "7", false)));
    TableLayout text =
        new TableLayout(BEFORE.parts(), Map.of(1, new Column("t", 25, -1, "8", false)));
    assertThat(LayoutChange.between(varchar, text)).isEmpty();
    // timestamp to timestamptz needs no rewrite in a session of UTC, and prints otherwise.
    TableLayout timestamp =
        new TableLayout(BEFORE.parts(), Map.of(1, new Column("t", 1114, -1, "7", false)));
    TableLayout zoned =
        new TableLayout(BEFORE.parts(), Map.of(1, new Column("t", 1184, -1, "8", false)));
    assertThat(LayoutChange.between(timestamp, zoned)).isPresent();
  }

  @Test
  void a8_partitionsThatComeWithRowsOrGoWithThemAreFound() {
    Map<Integer, Column> columns = Map.of(1, ID);
    TableLayout two =
        new TableLayout(Map.of(10L, new Part(10, false), 20L, new Part(20, true)), columns);
    assertThat(LayoutChange.between(BEFORE, two))
        .hasValueSatisfying(c -> assertThat(c.where()).isEqualTo("tableoid IN (20)"));
    assertThat(LayoutChange.between(two, BEFORE))
        .hasValueSatisfying(c -> assertThat(c.where()).isEqualTo("false"));
    TableLayout made =
        new TableLayout(Map.of(10L, new Part(10, false), 20L, new Part(20, false)), columns);
    assertThat(LayoutChange.between(BEFORE, made)).isEmpty();
  }

  @Test
  void aTextIsReadBack() {
    assertThat(TableLayout.parse("10:10: 20:21:a|1:6964:23:-1:700:v 3:c3a4:25:-1:701:"))
        .isEqualTo(
            new TableLayout(
                Map.of(10L, new Part(10, false), 20L, new Part(21, true)),
                Map.of(1, ID, 3, new Column("ä", 25, -1, "701", false))));
    assertThat(TableLayout.parse("|").parts()).isEmpty();
  }
}

package dev.headwater.log.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableSchemaJsonTest {
  private static final PgType MOOD =
      new PgType(
          "public.mood",
          PgType.Kind.ENUM,
          null,
          List.of(),
          List.of("ok", "so, so", "\"x\"", "😀", ""),
          ',');
  private static final PgType EMAIL =
      new PgType(
          "public.email", PgType.Kind.DOMAIN, PgType.base("text"), List.of(), List.of(), ',');
  private static final PgType BOX =
      new PgType("box", PgType.Kind.BASE, null, List.of(), List.of(), ';');

  @Test
  void plainColumnsComeBackAsTheyWere() {
    assertComesBack(
        column("id", PgType.base("int8"), "bigint", false, null),
        column("note", PgType.base("text"), "text", true, "'a \"b\"\n😀'::text"),
        column("empty default", PgType.base("text"), "text", true, ""));
  }

  @Test
  void arraysComeBackAsTheyWere() {
    assertComesBack(
        column("id", PgType.arrayOf("_int4", PgType.base("int4")), "integer[]", false, null),
        column("moods", PgType.arrayOf("public._mood", MOOD), "mood[]", true, "'{}'"));
  }

  @Test
  void domainsOverDomainsAndArraysComeBackAsTheyWere() {
    PgType narrower =
        new PgType("public.work_email", PgType.Kind.DOMAIN, EMAIL, List.of(), List.of(), ',');
    PgType list =
        new PgType(
            "public.numbers",
            PgType.Kind.DOMAIN,
            PgType.arrayOf("_int4", PgType.base("int4")),
            List.of(),
            List.of(),
            ',');
    assertComesBack(
        column("id", narrower, "work_email", false, null),
        column("n", list, "numbers", true, null));
    assertThat(narrower.withoutDomains()).isEqualTo(PgType.base("text"));
  }

  @Test
  void enumsKeepTheOrderOfTheirLabels() {
    TableSchema read = assertComesBack(column("id", MOOD, "mood", false, "'ok'::mood"));
    assertThat(read.columns().get(0).type().labels())
        .containsExactly("ok", "so, so", "\"x\"", "😀", "");
  }

  @Test
  void compositesInsideCompositesComeBackAsTheyWere() {
    PgType inner =
        new PgType(
            "public.point3",
            PgType.Kind.COMPOSITE,
            null,
            List.of(
                new PgType.Field("x", PgType.base("float8")), new PgType.Field("how", MOOD)),
            List.of(),
            ',');
    PgType outer =
        new PgType(
            "other.path",
            PgType.Kind.COMPOSITE,
            null,
            List.of(
                new PgType.Field("points", PgType.arrayOf("public._point3", inner)),
                new PgType.Field("by", EMAIL)),
            List.of(),
            ',');
    assertComesBack(column("id", outer, "other.path", false, null));
  }

  @Test
  void rangesUnknownTypesAndDelimitersComeBackAsTheyWere() {
    TableSchema read =
        assertComesBack(
            column("id", PgType.arrayOf("_box", BOX), "box[]", false, null),
            column(
                "r",
                new PgType(
                    "int4range",
                    PgType.Kind.RANGE,
                    PgType.base("int4"),
                    List.of(),
                    List.of(),
                    ','),
                "int4range",
                true,
                null),
            column(
                "gone",
                new PgType("12345", PgType.Kind.UNKNOWN, null, List.of(), List.of(), ','),
                "???",
                true,
                null));
    PgType element = read.columns().get(0).type().element();
    assertThat(element).isNotNull();
    assertThat(element.delimiter()).isEqualTo(';');
  }

  @Test
  void theKeyKeepsItsOrderAndTheRecordKeyNamesTableAndVersion() {
    TableSchema schema =
        new TableSchema(
            new TableId("shop", "pub.lic", "or\"ders"),
            17,
            List.of(
                column("a", PgType.base("int4"), "integer", false, null),
                column("b", PgType.base("int4"), "integer", false, null)),
            List.of("b", "a"));
    assertThat(TableSchemaJson.parse(TableSchemaJson.write(schema))).isEqualTo(schema);
    assertThat(new String(TableSchemaJson.key(schema), StandardCharsets.UTF_8))
        .isEqualTo("[\"shop\",\"pub.lic\",\"or\\\"ders\",17]");
  }

  private static TableSchema assertComesBack(ColumnSchema... columns) {
    TableSchema schema =
        new TableSchema(
            new TableId("shop", "public", "things"),
            2,
            List.of(columns),
            List.of(columns[0].name()));
    TableSchema read = TableSchemaJson.parse(TableSchemaJson.write(schema));
    assertThat(read).isEqualTo(schema);
    assertThat(read.sameShape(schema)).isTrue();
    return read;
  }

  private static ColumnSchema column(
      String name, PgType type, String declared, boolean nullable, String defaultExpression) {
    return new ColumnSchema(name, type, declared, nullable, defaultExpression);
  }
}

package dev.headwater.log.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableSchemaJsonTest {
  private static final PgType MOOD =
      new PgType(
          "public.mood", PgType.Kind.ENUM, null, List.of(), List.of("sad", "a,\"b\"", "ö"), ',');
  private static final PgType BOX =
      new PgType("box", PgType.Kind.BASE, null, List.of(), List.of(), ';');
  private static final PgType PAIR =
      new PgType(
          "public.pair",
          PgType.Kind.COMPOSITE,
          null,
          List.of(
              new PgType.Field("left", PgType.arrayOf("_mood", MOOD)),
              new PgType.Field("Right", BOX)),
          List.of(),
          ',');
  private static final PgType DOMAIN =
      new PgType("public.d", PgType.Kind.DOMAIN, PAIR, List.of(), List.of(), ',');

  @Test
  void readsBackEveryKindOfType() {
    TableSchema schema =
        new TableSchema(
            new TableId("shop", "Odd \"Schema\"", "táble"),
            7,
            List.of(
                new ColumnSchema("id", PgType.base("int8"), "bigint", false, "nextval('s')"),
                new ColumnSchema("ID", PgType.arrayOf("_d", DOMAIN), "d[]", true, null),
                new ColumnSchema("m", MOOD, "mood", true, "'sad'::mood"),
                new ColumnSchema("", BOX, "box", true, "")),
            List.of("ID", "id"));

    assertThat(TableSchemaJson.parse(TableSchemaJson.write(schema))).isEqualTo(schema);
  }

  @Test
  void namesTableAndVersionInTheKey() {
    TableSchema schema =
        new TableSchema(
            new TableId("shop", "public", "or\"ders"),
            3,
            List.of(new ColumnSchema("id", PgType.base("int4"), "integer", false, null)),
            List.of("id"));

    assertThat(new String(TableSchemaJson.key(schema), StandardCharsets.UTF_8))
        .isEqualTo("[\"shop\",\"public\",\"or\\\"ders\",3]");
  }

  @Test
  void refusesANewerFormatAndWhatIsNoSchema() {
    assertRefused("{\"format\":2}", "format 2");
    assertRefused("{\"format\":1,\"key\":[]}", "cannot be read");
    assertRefused("x", "cannot be read");
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> TableSchemaJson.parse(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY))
        .hasMessageContaining(message);
  }
}

package dev.headwater.sinks.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import dev.headwater.log.schema.PgType.Kind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TextFormsTest {
  private static final PgType INT = PgType.base("int4");
  private static final PgType TEXT = PgType.base("text");
  private static final PgType JSON = PgType.base("jsonb");

  static List<Arguments> values() {
    return List.of(
        value(PgType.base("int8"), "9223372036854775807", "9223372036854775807"),
        value(PgType.base("float8"), "-0", "-0"),
        value(PgType.base("float8"), "1e-07", "1e-07"),
        value(PgType.base("float8"), "5e-324", "5e-324"),
        value(PgType.base("float8"), "\"NaN\"", "NaN"),
        value(PgType.base("float4"), "\"-Infinity\"", "-Infinity"),
        value(PgType.base("numeric"), "\"1.5000\"", "1.5000"),
        value(PgType.base("numeric"), "\"NaN\"", "NaN"),
        value(PgType.base("bool"), "true", "t"),
        value(PgType.base("bool"), "false", "f"),
        value(TEXT, "\"\"", ""),
        value(TEXT, "\"NULL\"", "NULL"),
        value(TEXT, "\"\\t\\n\\r\\b\\f\\u0001\\\\\\\"\\/\"", "\t\n\r\b\f\u0001\\\"/"),
        value(TEXT, "\"\u65e5 e\u0301 \uD83D\uDE00\"", "\u65e5 e\u0301 \uD83D\uDE00"),
        value(TEXT, "\"\\u00e9 \\ud83d\\ude00 \\u20ac\"", "\u00e9 \uD83D\uDE00 \u20ac"),
        value(PgType.base("bpchar"), "\"ab   \"", "ab   "),
        value(PgType.base("bytea"), "\"\"", "\\x"),
        value(PgType.base("bytea"), "\"AA==\"", "\\x00"),
        value(PgType.base("bytea"), "\"AP8=\"", "\\x00ff"),
        value(PgType.base("bytea"), "\"AP8Q\"", "\\x00ff10"),
        value(PgType.base("date"), "\"0044-03-15 BC\"", "0044-03-15 BC"),
        value(PgType.base("time"), "\"24:00:00\"", "24:00:00"),
        value(PgType.base("interval"), "\"P1Y2M-3DT4H5M6.7S\"", "P1Y2M-3DT4H5M6.7S"),
        value(
            PgType.base("timestamptz"),
            "\"2024-05-01T12:34:56.120000Z\"",
            "2024-05-01 12:34:56.12+00"),
        value(
            PgType.base("timestamptz"),
            "\"2024-05-01T12:34:00.000000Z\"",
            "2024-05-01 12:34:00+00"),
        value(
            PgType.base("timestamp"),
            "\"2024-05-01T00:00:00.000001\"",
            "2024-05-01 00:00:00.000001"),
        value(PgType.base("timestamp"), "\"infinity\"", "infinity"),
        value(
            PgType.base("timestamptz"),
            "\"0044-03-15 12:00:00+00 BC\"",
            "0044-03-15 12:00:00+00 BC"),
        value(
            PgType.base("timestamp"),
            "\"294276-12-31 23:59:59.999999\"",
            "294276-12-31 23:59:59.999999"),
        value(
            PgType.base("json"),
            " {\"a\" : 1,\n \"a\":1e400, \"u\":\"\\u0000 \\\" }\"} ",
            " {\"a\" : 1,\n \"a\":1e400, \"u\":\"\\u0000 \\\" }\"} "),
        value(JSON, "null", "null"),
        value(JSON, "12345678901234567890", "12345678901234567890"),
        value(array(INT), "[]", "{}"),
        value(array(INT), "[1,null]", "{1,NULL}"),
        value(array(INT), "[[1,2],[3,4]]", "{{1,2},{3,4}}"),
        value(array(INT), "\"[0:2]={1,2,3}\"", "[0:2]={1,2,3}"),
        value(
            array(TEXT),
            "[\"NULL\",\"null\",null,\"\",\"a,b\",\"\\\"\",\"\\\\\",\"{}\",\"\\t\",\"a b\",\"plain\"]",
            "{\"NULL\",\"null\",NULL,\"\",\"a,b\",\"\\\"\",\"\\\\\",\"{}\",\"\t\",\"a b\",plain}"),
        value(array(PgType.base("bool")), "[true,false,null]", "{t,f,NULL}"),
        value(array(PgType.base("bytea")), "[\"AP8=\"]", "{\"\\\\x00ff\"}"),
        value(
            array(PgType.base("timestamptz")),
            "[\"2024-05-01T10:00:00.000000Z\"]",
            "{\"2024-05-01 10:00:00+00\"}"),
        value(array(JSON), "[[1],{\"a\":[2]},null]", "{[1],\"{\\\"a\\\":[2]}\",NULL}"),
        value(array(JSON), "\"{\\\"null\\\",NULL}\"", "{\"null\",NULL}"),
        value(
            new PgType("box[]", Kind.ARRAY, box(), List.of(), List.of(), ','),
            "[\"(1,1),(0,0)\",null]",
            "{(1,1),(0,0);NULL}"),
        value(array(domain("ints", array(INT))), "[[1,2],[3]]", "{\"{1,2}\",\"{3}\"}"),
        value(domain("positive", INT), "7", "7"),
        value(
            place(),
            "{\"id\":1,\"Name\":\"a \\\"b\\\"\\\\\",\"spots\":null}",
            "(1,\"a \"\"b\"\"\\\\\",)"),
        value(
            place(),
            "{\"id\":null,\"Name\":\"\",\"spots\":[{\"x\":2,\"label\":\"x y\"},null]}",
            "(,\"\",\"{\"\"(2,\\\\\"\"x y\\\\\"\")\"\",NULL}\")"),
        value(place(), "\"(1,,)\"", "(1,,)"),
        value(new PgType("shift", Kind.RANGE, null, List.of(), List.of(), ','), "\"(,)\"", "(,)"),
        value(new PgType("99", Kind.UNKNOWN, null, List.of(), List.of(), ','), "\"x\"", "x"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void theFormOfTheLogGoesBackToPostgresText(PgType type, String json, String expected) {
    assertThat(textOf(type, json, new EnumLabels())).isEqualTo(expected);
  }

  @Test
  void anUnheardLabelIsNotedUntilTheTypeHasIt() {
    PgType mood = new PgType("public.mood", Kind.ENUM, null, List.of(), List.of("good"), ',');
    EnumLabels labels = new EnumLabels();
    assertThat(textOf(mood, "\"anything\"", labels)).isEqualTo("anything");
    assertThat(labels.missing()).isEmpty();
    labels.learn("public.mood", List.of("good"));

    assertThat(textOf(array(mood), "[\"good\",\"bad\"]", labels)).isEqualTo("{good,bad}");

    assertThat(labels.missing()).isEqualTo(Map.of("public.mood", Set.of("bad")));
    labels.learn("public.mood", List.of("good", "bad"));
    assertThat(labels.missing()).isEmpty();
  }

  @Test
  void jsonThatIsNotOfTheTypeIsRefusedWithoutBeingQuoted() {
    for (String json : List.of("{\"other\":\"secret\"}", "[\"secret\"", "\"secret", "")) {
      assertThatThrownBy(() -> textOf(place(), json, new EnumLabels()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("secret");
    }
  }

  private static String textOf(PgType type, String json, EnumLabels labels) {
    JsonCursor cursor = new JsonCursor();
    cursor.start(json.getBytes(UTF_8));
    TextBuffer out = new TextBuffer();
    TextForms.forType(type, labels).write(cursor, out);
    return out.string(0, out.size());
  }

  private static Arguments value(PgType type, String json, String text) {
    return Arguments.of(type, json, text);
  }

  private static PgType array(PgType element) {
    return PgType.arrayOf("_" + element.name(), element);
  }

  private static PgType box() {
    return new PgType("box", Kind.BASE, null, List.of(), List.of(), ';');
  }

  private static PgType domain(String name, PgType base) {
    return new PgType("public." + name, Kind.DOMAIN, base, List.of(), List.of(), ',');
  }

  private static PgType place() {
    PgType spot = composite("spot", new Field("x", INT), new Field("label", TEXT));
    return composite(
        "place", new Field("id", INT), new Field("Name", TEXT), new Field("spots", array(spot)));
  }

  private static PgType composite(String name, Field... fields) {
    return new PgType("public." + name, Kind.COMPOSITE, null, List.of(fields), List.of(), ',');
  }
}

package dev.headwater.log.codec;

import static dev.headwater.log.schema.PgType.arrayOf;
import static dev.headwater.log.schema.PgType.base;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import dev.headwater.log.schema.PgType.Kind;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ValueWritersTest {
  private static final PgType INT4 = base("int4");
  private static final PgType TEXT = base("text");
  private static final PgType JSONB = base("jsonb");
  private static final PgType TIMESTAMPTZ = base("timestamptz");
  private static final PgType BOX = new PgType("box", Kind.BASE, null, List.of(), List.of(), ';');
  private static final PgType INT4_ARRAY = arrayOf("_int4", INT4);
  private static final PgType TSTZRANGE = range("tstzrange", TIMESTAMPTZ);
  private static final PgType POINT3 =
      composite("public.point3", new Field("x", INT4), new Field("label \"q\"", TEXT));
  private static final PgType ROUTE =
      composite(
          "public.route",
          new Field("id", base("int8")),
          new Field("stops", arrayOf("public._point3", POINT3)),
          new Field("extra", JSONB));

  static Stream<Arguments> scalars() {
    return Stream.of(
        arguments(INT4, "0", "0"),
        arguments(base("int2"), "-32768", "-32768"),
        arguments(base("int8"), "-9223372036854775808", "-9223372036854775808"),
        arguments(base("int8"), "9223372036854775807", "9223372036854775807"),
        arguments(base("int8"), "9007199254740993", "9007199254740993"),
        arguments(base("oid"), "4294967295", "4294967295"),
        arguments(base("float8"), "-0", "-0"),
        arguments(base("float8"), "5e-324", "5e-324"),
        arguments(base("float8"), "1e+20", "1e+20"),
        arguments(base("float8"), "1.7976931348623157e+308", "1.7976931348623157e+308"),
        arguments(base("float4"), "1.6777216e+07", "1.6777216e+07"),
        arguments(base("float4"), "1e-07", "1e-07"),
        arguments(base("float8"), "NaN", "\"NaN\""),
        arguments(base("float8"), "Infinity", "\"Infinity\""),
        arguments(base("float4"), "-Infinity", "\"-Infinity\""),
        arguments(base("numeric"), "NaN", "\"NaN\""),
        arguments(base("numeric"), "-Infinity", "\"-Infinity\""),
        arguments(base("numeric"), "1.5000", "\"1.5000\""),
        arguments(base("numeric"), "12300", "\"12300\""),
        arguments(base("numeric"), "9".repeat(2000), "\"" + "9".repeat(2000) + "\""),
        arguments(base("bool"), "t", "true"),
        arguments(base("bool"), "f", "false"),
        arguments(base("money"), "-$92,233,720,368,547,758.08", "\"-$92,233,720,368,547,758.08\""),
        arguments(TEXT, "", "\"\""),
        arguments(TEXT, "NULL", "\"NULL\""),
        arguments(TEXT, "\\N", "\"\\\\N\""),
        arguments(TEXT, "__debezium_unavailable_value", "\"__debezium_unavailable_value\""),
        arguments(base("bpchar"), "ab   ", "\"ab   \""),
        arguments(base("char"), "a", "\"a\""),
        arguments(base("name"), "abc", "\"abc\""),
        arguments(
            base("uuid"),
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
        arguments(base("bit"), "00101", "\"00101\""),
        arguments(base("varbit"), "", "\"\""),
        arguments(base("tsvector"), "'a''b':1A 'fat':2", "\"'a''b':1A 'fat':2\""),
        arguments(base("tsquery"), "'a' & !'b'", "\"'a' & !'b'\""),
        arguments(base("xml"), "<a b=\"1\"/>", "\"<a b=\\\"1\\\"/>\""),
        arguments(base("inet"), "10.0.0.1/8", "\"10.0.0.1/8\""),
        arguments(base("point"), "(1,2)", "\"(1,2)\""),
        arguments(base("int2vector"), "1 2", "\"1 2\""),
        arguments(
            base("public.hstore"),
            "\"a\"=>NULL, \"b\"=>\"\\\"\"",
            "\"\\\"a\\\"=>NULL, \\\"b\\\"=>\\\"\\\\\\\"\\\"\""),
        arguments(base("public.citext"), "MiXed", "\"MiXed\""),
        arguments(base("public.ltree"), "a.b", "\"a.b\""),
        arguments(base("public.sparsevec"), "{}/5", "\"{}/5\""),
        arguments(base("public.json"), "not JSON", "\"not JSON\""),
        arguments(
            new PgType("public.mood", Kind.ENUM, null, List.of(), List.of("so so"), ','),
            "so so",
            "\"so so\""),
        arguments(
            new PgType("99999", Kind.UNKNOWN, null, List.of(), List.of(), ','), "{x", "\"{x\""));
  }

  static Stream<Arguments> datesAndTimes() {
    PgType date = base("date");
    PgType time = base("time");
    PgType timestamp = base("timestamp");
    return Stream.of(
        arguments(date, "2024-05-01", "\"2024-05-01\""),
        arguments(date, "infinity", "\"infinity\""),
        arguments(date, "0044-03-15 BC", "\"0044-03-15 BC\""),
        arguments(date, "5874897-12-31", "\"5874897-12-31\""),
        arguments(date, "1582-10-10", "\"1582-10-10\""),
        arguments(time, "24:00:00", "\"24:00:00\""),
        arguments(time, "12:34:56.1", "\"12:34:56.1\""),
        arguments(base("timetz"), "12:00:00-08:15:30", "\"12:00:00-08:15:30\""),
        arguments(base("interval"), "P1Y2M-3DT4H5M6.7S", "\"P1Y2M-3DT4H5M6.7S\""),
        arguments(base("interval"), "-infinity", "\"-infinity\""),
        arguments(timestamp, "2024-05-01 12:34:56", "\"2024-05-01T12:34:56.000000\""),
        arguments(timestamp, "2024-05-01 12:34:56.12", "\"2024-05-01T12:34:56.120000\""),
        arguments(timestamp, "9999-12-31 23:59:59.999999", "\"9999-12-31T23:59:59.999999\""),
        arguments(timestamp, "infinity", "\"infinity\""),
        arguments(timestamp, "-infinity", "\"-infinity\""),
        arguments(timestamp, "0044-03-15 12:00:00.5 BC", "\"0044-03-15 12:00:00.5 BC\""),
        arguments(timestamp, "294276-12-31 23:59:59.999999", "\"294276-12-31 23:59:59.999999\""),
        arguments(TIMESTAMPTZ, "2024-05-01 12:34:56.12+00", "\"2024-05-01T12:34:56.120000Z\""),
        arguments(TIMESTAMPTZ, "2024-05-01 12:34:56+02", "\"2024-05-01T10:34:56.000000Z\""),
        arguments(TIMESTAMPTZ, "2024-02-29 18:00:00-05:30", "\"2024-02-29T23:30:00.000000Z\""),
        arguments(TIMESTAMPTZ, "2024-02-29 22:00:00-05:30", "\"2024-03-01T03:30:00.000000Z\""),
        arguments(TIMESTAMPTZ, "2023-03-01 01:00:00+02", "\"2023-02-28T23:00:00.000000Z\""),
        arguments(TIMESTAMPTZ, "1883-11-18 12:03:57-07:52:58", "\"1883-11-18T19:56:55.000000Z\""),
        arguments(TIMESTAMPTZ, "2000-01-01 00:30:00+01", "\"1999-12-31T23:30:00.000000Z\""),
        arguments(TIMESTAMPTZ, "infinity", "\"infinity\""),
        arguments(TIMESTAMPTZ, "-infinity", "\"-infinity\""),
        arguments(TIMESTAMPTZ, "9999-12-31 23:30:00-01", "\"10000-01-01 00:30:00+00\""),
        arguments(TIMESTAMPTZ, "10000-01-01 00:30:00+01", "\"9999-12-31T23:30:00.000000Z\""),
        arguments(TIMESTAMPTZ, "0001-01-01 00:30:00+01", "\"0001-12-31 23:30:00+00 BC\""),
        arguments(TIMESTAMPTZ, "0044-03-15 12:00:00.5+00 BC", "\"0044-03-15 12:00:00.5+00 BC\""),
        arguments(TIMESTAMPTZ, "0044-03-15 12:00:00.5+01 BC", "\"0044-03-15 11:00:00.5+00 BC\""),
        arguments(TIMESTAMPTZ, "4714-11-24 01:00:00+01 BC", "\"4714-11-24 00:00:00+00 BC\""),
        arguments(
            TIMESTAMPTZ, "294276-12-31 22:59:59.999999-01", "\"294276-12-31 23:59:59.999999+00\""));
  }

  static Stream<Arguments> json() {
    PgType json = base("json");
    return Stream.of(
        arguments(json, "{\"a\": 1,\n \"a\":1e400}", "{\"a\": 1,\n \"a\":1e400}"),
        arguments(json, "\"\\u0000\"", "\"\\u0000\""),
        arguments(JSONB, "12345678901234567890", "12345678901234567890"),
        arguments(JSONB, "null", "null"),
        arguments(domain("public.doc", json), "[]", "[]"),
        arguments(
            arrayOf("_jsonb", JSONB),
            "{\"{\\\"a\\\": [1]}\",NULL,\"[2]\"}",
            "[{\"a\": [1]},null,[2]]"),
        arguments(arrayOf("_jsonb", JSONB), "{\"null\"}", "\"{\\\"null\\\"}\""),
        arguments(arrayOf("_jsonb", JSONB), "{{1,2}}", "\"{{1,2}}\""));
  }

  static Stream<Arguments> bytea() {
    PgType bytea = base("bytea");
    return Stream.of(
        arguments(bytea, "\\x", "\"\""),
        arguments(bytea, "\\x00", "\"AA==\""),
        arguments(bytea, "\\x00ff", "\"AP8=\""),
        arguments(bytea, "\\x00ff10", "\"AP8Q\""),
        arguments(bytea, "\\xDEADBEEF", "\"3q2+7w==\""),
        arguments(arrayOf("_bytea", bytea), "{\"\\\\x00ff\",NULL}", "[\"AP8=\",null]"));
  }

  static Stream<Arguments> arrays() {
    PgType textArray = arrayOf("_text", TEXT);
    PgType domainOverArray = domain("public.ints", INT4_ARRAY);
    return Stream.of(
        arguments(INT4_ARRAY, "{}", "[]"),
        arguments(INT4_ARRAY, "{1,NULL,-3}", "[1,null,-3]"),
        arguments(INT4_ARRAY, "{{1,2},{3,NULL}}", "[[1,2],[3,null]]"),
        arguments(INT4_ARRAY, "{{{1}},{{2}}}", "[[[1]],[[2]]]"),
        arguments(INT4_ARRAY, "[0:2]={1,2,3}", "\"[0:2]={1,2,3}\""),
        arguments(INT4_ARRAY, "{1,", "\"{1,\""),
        arguments(
            textArray,
            "{NULL,\"NULL\",\"\",\"a,b\",\"{}\",\"q\\\"\\\\\",\"é 😀\",plain}",
            "[null,\"NULL\",\"\",\"a,b\",\"{}\",\"q\\\"\\\\\",\"é 😀\",\"plain\"]"),
        arguments(arrayOf("_bool", base("bool")), "{t,f,NULL}", "[true,false,null]"),
        arguments(
            arrayOf("_numeric", base("numeric")),
            "{NaN,1.50,Infinity,NULL}",
            "[\"NaN\",\"1.50\",\"Infinity\",null]"),
        arguments(
            arrayOf("_date", base("date")),
            "{infinity,\"0044-03-15 BC\"}",
            "[\"infinity\",\"0044-03-15 BC\"]"),
        arguments(arrayOf("_money", base("money")), "{\"$1,000.00\"}", "[\"$1,000.00\"]"),
        arguments(arrayOf("_box", BOX), "{(1,1),(0,0);NULL}", "[\"(1,1),(0,0)\",null]"),
        arguments(
            arrayOf("_timestamptz", TIMESTAMPTZ),
            "{\"2024-05-01 12:00:00+02\"}",
            "[\"2024-05-01T10:00:00.000000Z\"]"),
        arguments(
            arrayOf("_timestamptz", TIMESTAMPTZ),
            "[0:0]={\"2024-05-01 12:00:00+02\"}",
            "\"[0:0]={\\\"2024-05-01 10:00:00+00\\\"}\""),
        arguments(domainOverArray, "{1,2}", "[1,2]"),
        arguments(arrayOf("public._ints", domainOverArray), "{\"{1,2}\",\"{}\"}", "[[1,2],[]]"),
        arguments(arrayOf("public._ints", domainOverArray), "{\"[0:0]={1}\"}", "[\"[0:0]={1}\"]"),
        arguments(
            arrayOf("public._ints", domainOverArray),
            "{{\"{1}\"},{\"{2}\"}}",
            "\"{{\\\"{1}\\\"},{\\\"{2}\\\"}}\""));
  }

  static Stream<Arguments> composites() {
    return Stream.of(
        arguments(POINT3, "(1,a)", "{\"x\":1,\"label \\\"q\\\"\":\"a\"}"),
        arguments(POINT3, "(,)", "{\"x\":null,\"label \\\"q\\\"\":null}"),
        arguments(POINT3, "(,\"\")", "{\"x\":null,\"label \\\"q\\\"\":\"\"}"),
        arguments(
            POINT3,
            "(-7,\"a \"\"b\"\", \\\\c)(\")",
            "{\"x\":-7,\"label \\\"q\\\"\":\"a \\\"b\\\", \\\\c)(\"}"),
        arguments(POINT3, "(1,a,more)", "\"(1,a,more)\""),
        arguments(POINT3, "(1)", "\"(1)\""),
        arguments(composite("public.nothing"), "()", "{}"),
        arguments(composite("public.one", new Field("a", INT4)), "()", "{\"a\":null}"),
        arguments(
            ROUTE,
            "(9,\"{\"\"(1,\\\\\"\"a b\\\\\"\")\"\",NULL,\"\"(,)\"\"}\",\"{\"\"k\"\": [1]}\")",
            "{\"id\":9,\"stops\":[{\"x\":1,\"label \\\"q\\\"\":\"a b\"},null,"
                + "{\"x\":null,\"label \\\"q\\\"\":null}],\"extra\":{\"k\": [1]}}"),
        arguments(ROUTE, "(9,{},null)", "\"(9,{},null)\""),
        arguments(ROUTE, "(9,,)", "{\"id\":9,\"stops\":null,\"extra\":null}"));
  }

  static Stream<Arguments> ranges() {
    return Stream.of(
        arguments(range("int4range", INT4), "[1,5)", "\"[1,5)\""),
        arguments(range("int4range", INT4), "empty", "\"empty\""),
        arguments(range("int4range", INT4), "(,)", "\"(,)\""),
        arguments(
            range("tsrange", base("timestamp")),
            "[\"2024-05-01 12:00:00\",infinity]",
            "\"[\\\"2024-05-01 12:00:00\\\",infinity]\""),
        arguments(
            TSTZRANGE, "[\"2024-05-01 12:00:00+02\",)", "\"[\\\"2024-05-01 10:00:00+00\\\",)\""),
        arguments(
            TSTZRANGE,
            "(-infinity,\"0001-01-01 00:30:00.25+01\"]",
            "\"(-infinity,\\\"0001-12-31 23:30:00.25+00 BC\\\"]\""),
        arguments(
            range("tstzmultirange", TSTZRANGE),
            "{[\"2024-05-01 12:00:00+02\",\"2024-05-01 13:00:00+02\")}",
            "\"{[\\\"2024-05-01 10:00:00+00\\\",\\\"2024-05-01 11:00:00+00\\\")}\""),
        arguments(
            arrayOf("_tstzrange", TSTZRANGE),
            "{\"[\\\"2024-05-01 12:00:00+02\\\",)\"}",
            "[\"[\\\"2024-05-01 10:00:00+00\\\",)\"]"));
  }

  @ParameterizedTest
  @MethodSource({"scalars", "datesAndTimes", "json", "bytea", "arrays", "composites", "ranges"})
  void writesEachValueInItsOneForm(PgType type, String text, String json) {
    assertThat(Json.of(type, text)).isEqualTo(json);
  }

  @Test
  void escapesOnlyWhatJsonDemands() {
    StringBuilder text = new StringBuilder();
    StringBuilder json = new StringBuilder("\"");
    for (char c = 1; c < 0x300; c++) {
      text.append(c);
      json.append(
          switch (c) {
            case '\b' -> "\\b";
            case '\t' -> "\\t";
            case '\n' -> "\\n";
            case '\f' -> "\\f";
            case '\r' -> "\\r";
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            default -> c < ' ' ? "\\u00%02x".formatted((int) c) : String.valueOf(c);
          });
    }
    text.append("e\u0301 \u2028 日本 😀 \uDBFF\uDFFF");
    json.append("e\u0301 \u2028 日本 😀 \uDBFF\uDFFF\"");

    for (int cut = 0; cut < 9; cut++) {
      assertThat(Json.of(TEXT, "x".repeat(cut) + text))
          .isEqualTo("\"" + "x".repeat(cut) + json.substring(1));
    }
  }

  @Test
  void refusesWhatIsNotUtf8RatherThanChangingIt() {
    byte[][] malformed = {
      {(byte) 0x80},
      {(byte) 0xC3},
      {(byte) 0xC0, (byte) 0xAF},
      {(byte) 0xE0, (byte) 0x80, (byte) 0x80},
      {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
      {(byte) 0xF0, (byte) 0x80, (byte) 0x80, (byte) 0x80},
      {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
      {(byte) 0xE2, (byte) 0x82, 'a'},
      {(byte) 0xFF}
    };
    for (byte[] text : malformed) {
      for (PgType type : List.of(TEXT, JSONB, arrayOf("_text", TEXT))) {
        assertThatThrownBy(() -> Json.of(type, text))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("UTF-8");
      }
    }
  }

  @Test
  void refusesByteaInTheEscapeForm() {
    for (String text : List.of("abc", "", "\\x0", "\\xzz", "\\000")) {
      assertThatThrownBy(() -> Json.of(base("bytea"), text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("bytea_output");
    }
  }

  /** What a later server may print, or a type that nobody knows: never nothing in its place. */
  @ParameterizedTest
  @MethodSource("anyType")
  void aValueThatHasNoFormOfItsOwnIsKeptAsTextAndNeverBecomesNull(PgType type) {
    for (String text : List.of("null", "", "whatever", "12:00 of next year", "{", "(", "[a,b")) {
      assertThat(Json.of(type, text)).isEqualTo("\"" + text + "\"");
    }
  }

  static Stream<PgType> anyType() {
    return Stream.of(
        INT4,
        base("float8"),
        base("bool"),
        base("numeric"),
        base("interval"),
        base("date"),
        base("timestamp"),
        TIMESTAMPTZ,
        base("money"),
        base("public.cube"),
        BOX,
        TSTZRANGE,
        INT4_ARRAY,
        POINT3,
        domain("public.positive", INT4),
        new PgType("public.mood", Kind.ENUM, null, List.of(), List.of("ok"), ','),
        new PgType("type 4711", Kind.UNKNOWN, null, List.of(), List.of(), ','));
  }

  @Test
  void keepsTheTextOfANumberThatIsNone() {
    for (String text : List.of("", "-", "01", "1.", ".5", "1e", "1e+", "0x10", "1 ", "+1")) {
      assertThat(Json.of(base("float8"), text.getBytes(StandardCharsets.UTF_8)))
          .isEqualTo("\"" + text + "\"");
    }
  }

  private static PgType domain(String name, PgType over) {
    return new PgType(name, Kind.DOMAIN, over, List.of(), List.of(), ',');
  }

  private static PgType range(String name, PgType of) {
    return new PgType(name, Kind.RANGE, of, List.of(), List.of(), ',');
  }

  private static PgType composite(String name, Field... fields) {
    return new PgType(name, Kind.COMPOSITE, null, List.of(fields), List.of(), ',');
  }
}

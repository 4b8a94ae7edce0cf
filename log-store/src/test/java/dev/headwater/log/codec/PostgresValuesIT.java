package dev.headwater.log.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TestDatabase;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.schema.TableSchema;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** Odd values of every type, printed by a real PostgreSQL and compared byte by byte. */
class PostgresValuesIT {
  /** A column's type, an SQL expression for its value, and the JSON it must become. */
  private record Value(String type, String sql, String json) {}

  private static final List<Value> VALUES =
      List.of(
          value("smallint", "-32768", "-32768"),
          value("bigint", "-9223372036854775808", "-9223372036854775808"),
          value("bigint", "9223372036854775807", "9223372036854775807"),
          value("bigint", "9007199254740993", "9007199254740993"),
          value("oid", "4294967295", "4294967295"),
          value("numeric", "'NaN'", "\"NaN\""),
          value("numeric", "'Infinity'", "\"Infinity\""),
          value("numeric", "'-Infinity'", "\"-Infinity\""),
          value("numeric(5,-2)", "12345", "\"12300\""),
          value("numeric", "repeat('7', 2000)", "\"" + "7".repeat(2000) + "\""),
          value("numeric", "1.5000", "\"1.5000\""),
          value(
              "numeric(38,10)",
              "9999999999999999999999999999.9999999999",
              "\"9999999999999999999999999999.9999999999\""),
          value("real", "'NaN'", "\"NaN\""),
          value("real", "16777217", "1.6777216e+07"),
          value("double precision", "'-Infinity'", "\"-Infinity\""),
          value("double precision", "'-0'", "-0"),
          value("double precision", "'5e-324'", "5e-324"),
          value("double precision", "0.1::float8 + 0.2::float8", "0.30000000000000004"),
          value("double precision", "1e20", "1e+20"),
          value("money", "-92233720368547758.08", "\"-$92,233,720,368,547,758.08\""),
          value("boolean", "true", "true"),
          value("boolean", "false", "false"),
          value("text", "''", "\"\""),
          value("text", "NULL", "null"),
          value("text", "'NULL'", "\"NULL\""),
          value("text", "E'\\\\N'", "\"\\\\N\""),
          value("text", "E'\\t\\n\\r\\b\\f\\v\\x01\\\\\"'", text("\t\n\r\b\f\u000B\u0001\\\"")),
          value("text", "'日本 e\u0301 😀'", "\"日本 e\u0301 😀\""),
          value("text", "repeat('ab', 100000)", "\"" + "ab".repeat(100_000) + "\""),
          value("varchar(20)", "'a'", "\"a\""),
          value("char(5)", "'ab'", "\"ab   \""),
          value("\"char\"", "'a'", "\"a\""),
          value("name", "'abc'", "\"abc\""),
          value("bytea", "''", "\"\""),
          value("bytea", "'\\x00ff10'", "\"AP8Q\""),
          value("bit(1)", "B'1'", "\"1\""),
          value("bit(5)", "B'00101'", "\"00101\""),
          value("varbit", "B''", "\"\""),
          value("date", "'infinity'", "\"infinity\""),
          value("date", "'0044-03-15 BC'", "\"0044-03-15 BC\""),
          value("date", "'5874897-12-31'", "\"5874897-12-31\""),
          value("date", "'1582-10-10'", "\"1582-10-10\""),
          value("time", "'24:00:00'", "\"24:00:00\""),
          value("time", "'12:34:56.100'", "\"12:34:56.1\""),
          value("timetz", "'12:00:00-08:15:30'", "\"12:00:00-08:15:30\""),
          value("timestamp", "'infinity'", "\"infinity\""),
          value("timestamp", "'2024-05-01 12:34:56.1'", "\"2024-05-01T12:34:56.100000\""),
          value("timestamp", "'0044-03-15 12:00:00 BC'", "\"0044-03-15 12:00:00 BC\""),
          value("timestamp", "'294276-12-31 23:59:59.999999'", "\"294276-12-31 23:59:59.999999\""),
          value("timestamp", "'9999-12-31 23:59:59.999999'", "\"9999-12-31T23:59:59.999999\""),
          value("timestamptz", "'-infinity'", "\"-infinity\""),
          value("timestamptz", "'2024-05-01 12:34:56+02'", "\"2024-05-01T10:34:56.000000Z\""),
          value("timestamptz", "'1883-11-18 20:00:00+00'", "\"1883-11-18T20:00:00.000000Z\""),
          value("timestamptz", "'1883-11-18 05:00:00+00'", "\"1883-11-18T05:00:00.000000Z\""),
          value("timestamptz", "'0001-01-01 00:00:00+00'", "\"0001-01-01T00:00:00.000000Z\""),
          value("timestamptz", "'0044-03-15 12:00:00+00 BC'", "\"0044-03-15 12:00:00+00 BC\""),
          value("timestamptz", "'4714-11-24 00:00:00+00 BC'", "\"4714-11-24 00:00:00+00 BC\""),
          value("timestamptz", "'9999-12-31 23:59:59.5+00'", "\"9999-12-31T23:59:59.500000Z\""),
          value("timestamptz", "'10000-01-01 00:00:00+00'", "\"10000-01-01 00:00:00+00\""),
          value(
              "timestamptz",
              "'294276-12-31 23:59:59.999999+00'",
              "\"294276-12-31 23:59:59.999999+00\""),
          value("interval", "'1 year 2 mons -3 days 04:05:06.7'", "\"P1Y2M-3DT4H5M6.7S\""),
          value("interval", "'178000000 years'", "\"P178000000Y\""),
          value("interval", "'infinity'", "\"infinity\""),
          value("interval", "'0'", "\"PT0S\""),
          value(
              "json",
              "'{\"a\": 1,\n \"a\":1e400, \"u\":\"\\u0000\"}'",
              "{\"a\": 1,\n \"a\":1e400, \"u\":\"\\u0000\"}"),
          value("json", "'null'", "null"),
          value("jsonb", "'12345678901234567890'", "12345678901234567890"),
          value("jsonb", "'null'", "null"),
          value("jsonb", "NULL", "null"),
          value("xml", "'<a b=\"1\"/>'", "\"<a b=\\\"1\\\"/>\""),
          value(
              "uuid",
              "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
              "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
          value("inet", "'10.0.0.1/8'", "\"10.0.0.1/8\""),
          value("inet", "'::1'", "\"::1\""),
          value("cidr", "'10.0.0.0/8'", "\"10.0.0.0/8\""),
          value("macaddr8", "'08:00:2b:01:02:03:04:05'", "\"08:00:2b:01:02:03:04:05\""),
          value("tsvector", "'''a b'':1 fat'", "\"'a b':1 'fat'\""),
          value("tsquery", "'a & !b'", "\"'a' & !'b'\""),
          value("point", "'(1,2)'", "\"(1,2)\""),
          value("line", "'{1,2,3}'", "\"{1,2,3}\""),
          value("box", "'(1,1),(0,0)'", "\"(1,1),(0,0)\""),
          value("path", "'[(0,0),(1,1)]'", "\"[(0,0),(1,1)]\""),
          value("circle", "'<(0,0),1>'", "\"<(0,0),1>\""),
          value("xid", "'42'", "\"42\""),
          value("xid8", "'42'", "\"42\""),
          value("pg_lsn", "'16/B374D848'", "\"16/B374D848\""),
          value("regclass", "'public.\"Mixed Case\"'", "\"public.\\\"Mixed Case\\\"\""),
          value("tid", "'(0,1)'", "\"(0,1)\""),
          value("jsonpath", "'$.a'", "\"$.\\\"a\\\"\""),
          value("int2vector", "'1 2'", "\"1 2\""),
          value("int4range", "'[1,4]'", "\"[1,5)\""),
          value("int4range", "'empty'", "\"empty\""),
          value("int4range", "'(,)'", "\"(,)\""),
          value(
              "tsrange",
              "'[2024-05-01 12:00,infinity]'",
              "\"[\\\"2024-05-01 12:00:00\\\",infinity]\""),
          value("tstzrange", "'[2024-05-01 12:00+02,)'", "\"[\\\"2024-05-01 10:00:00+00\\\",)\""),
          value(
              "tstzmultirange",
              "'{[2024-05-01 12:00+02,2024-05-01 13:00+02)}'",
              "\"{[\\\"2024-05-01 10:00:00+00\\\",\\\"2024-05-01 11:00:00+00\\\")}\""),
          value("int4multirange", "'{[1,2),[5,7)}'", "\"{[1,2),[5,7)}\""),
          value(
              "public.shift", "'[2024-05-01 12:00+02,)'", "\"[\\\"2024-05-01 10:00:00+00\\\",)\""),
          value("int[]", "'{}'", "[]"),
          value("int[]", "'{1,NULL}'", "[1,null]"),
          value("int[][]", "'{{1,2},{3,4}}'", "[[1,2],[3,4]]"),
          value("int[]", "'[0:2]={1,2,3}'", "\"[0:2]={1,2,3}\""),
          value(
              "text[]",
              "ARRAY['NULL', NULL, '', 'a,b', '\"', E'\\\\', '{}', E'\\t']",
              "[\"NULL\",null,\"\",\"a,b\",\"\\\"\",\"\\\\\",\"{}\",\"\\t\"]"),
          value("numeric[]", "'{NaN,1.50}'", "[\"NaN\",\"1.50\"]"),
          value("date[]", "'{infinity,0044-03-15 BC}'", "[\"infinity\",\"0044-03-15 BC\"]"),
          value("money[]", "'{\"$1,000.00\"}'", "[\"$1,000.00\"]"),
          value("bytea[]", "'{\"\\\\x00ff\"}'", "[\"AP8=\"]"),
          value("boolean[]", "'{t,f}'", "[true,false]"),
          value("float8[]", "'{NaN,-0,1e-7}'", "[\"NaN\",-0,1e-07]"),
          value("box[]", "'{(1,1),(0,0);NULL}'", "[\"(1,1),(0,0)\",null]"),
          value("timestamptz[]", "'{2024-05-01 12:00+02}'", "[\"2024-05-01T10:00:00.000000Z\"]"),
          value("jsonb[]", "ARRAY['[1]'::jsonb, NULL]", "[[1],null]"),
          value("jsonb[]", "ARRAY['null'::jsonb, NULL]", "\"{\\\"null\\\",NULL}\""),
          value("public.mood", "'so so'", "\"so so\""),
          value("public.mood[]", "'{so so,NULL}'", "[\"so so\",null]"),
          value("public.positive", "7", "7"),
          value("public.positive[]", "'{7,8}'", "[7,8]"),
          value("public.ints", "'{1,2}'", "[1,2]"),
          value("public.ints[]", "ARRAY['{1,2}', '{3}']::public.ints[]", "[[1,2],[3]]"),
          value(
              "public.place",
              "ROW(1, E'a \"b\"\\\\', ARRAY[ROW(2,'x y')::public.spot, NULL])",
              "{\"id\":1,\"Name\":\"a \\\"b\\\"\\\\\",\"spots\":[{\"x\":2,\"label\":\"x y\"},null]}"),
          value(
              "public.place", "ROW(NULL, '', NULL)", "{\"id\":null,\"Name\":\"\",\"spots\":null}"),
          value(
              "public.place[]",
              "ARRAY[ROW(1, '(,)', ARRAY[ROW(2,'{\"}')::public.spot])::public.place]",
              "[{\"id\":1,\"Name\":\"(,)\",\"spots\":[{\"x\":2,\"label\":\"{\\\"}\"}]}]"),
          value("public.hstore", "'a=>NULL, b=>\"x\"'", text("\"a\"=>NULL, \"b\"=>\"x\"")),
          value("public.citext", "'MiXed'", "\"MiXed\""),
          value("public.ltree", "'a.b'", "\"a.b\""),
          value("public.cube", "'(1,2),(3,4)'", "\"(1, 2),(3, 4)\""),
          value("public.citext[]", "'{A,b}'", "[\"A\",\"b\"]"));

  private static TestDatabase database;

  @BeforeAll
  static void createTable() throws SQLException {
    assumeTrue(
        SharedServices.postgres().majorVersion() >= 17, "PostgreSQL 17 has infinite intervals");
    database = TestDatabase.create("codec_values");
    String columns =
        IntStream.range(0, VALUES.size())
            .mapToObj(i -> "c" + i + " " + VALUES.get(i).type())
            .collect(Collectors.joining(", "));
    String values =
        VALUES.stream()
            .map(value -> "(" + value.sql() + ")::" + value.type())
            .collect(Collectors.joining(", "));
    database.execute(
        "CREATE EXTENSION hstore",
        "CREATE EXTENSION citext",
        "CREATE EXTENSION ltree",
        "CREATE EXTENSION cube",
        "CREATE TABLE \"Mixed Case\" (id int)",
        "CREATE TYPE mood AS ENUM ('so so', 'fine')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE DOMAIN ints AS int[]",
        "CREATE TYPE spot AS (x int, label text)",
        "CREATE TYPE place AS (id int, \"Name\" text, spots spot[])",
        "CREATE TYPE shift AS RANGE (subtype = timestamptz)",
        "CREATE TABLE odd (" + columns + ", id int PRIMARY KEY)",
        "INSERT INTO odd VALUES (" + values + ", 1)");
  }

  @Test
  void everyValueHasItsOneForm() throws Exception {
    String row = read("UTC");

    StringBuilder expected = new StringBuilder("{");
    for (int i = 0; i < VALUES.size(); i++) {
      expected.append("\"c").append(i).append("\":").append(VALUES.get(i).json()).append(',');
    }
    assertThat(row).isEqualTo(expected + "\"id\":1}");
  }

  @Test
  void theZoneOfTheSessionMakesNoDifference() throws Exception {
    String inUtc = read("UTC");

    for (String zone :
        List.of("America/Los_Angeles", "Asia/Kathmandu", "Africa/Monrovia", "Pacific/Apia")) {
      assertThat(read(zone)).as(zone).isEqualTo(inUtc);
    }
  }

  private static String read(String zone) throws Exception {
    try (Connection connection = database.connectAsSource();
        Statement statement = connection.createStatement()) {
      CatalogTable table = new TableCatalog(connection).read("public", "odd").orElseThrow();
      TableSchema schema =
          table.toSchema("shop", 1, new TypeCatalog(connection), name -> false, table.primaryKey());
      statement.execute("SET TimeZone = '" + zone + "'");
      CopyOut copy =
          connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY public.odd TO STDOUT");
      byte[] line = copy.readFromCopy();
      CopyTextReader reader = new CopyTextReader(schema.columns().size());
      reader.read(line, 0, line.length);
      RowEncoder encoder = new RowEncoder(schema, Map.of());
      reader.writeTo(encoder);
      assertThat(copy.readFromCopy()).isNull();
      assertThat(new String(encoder.key(), StandardCharsets.UTF_8)).isEqualTo("{\"id\":1}");
      assertThat(encoder.nulls()).isEqualTo(jsonNullColumns());
      return Json.checked(encoder.row());
    }
  }

  private static String jsonNullColumns() {
    return IntStream.range(0, VALUES.size())
        .filter(i -> VALUES.get(i).sql().equals("'null'"))
        .mapToObj(i -> "\"c" + i + "\"")
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static Value value(String type, String sql, String json) {
    return new Value(type, sql, json);
  }

  private static String text(String plain) {
    return Json.of(new TextWriter(), plain.getBytes(StandardCharsets.UTF_8));
  }
}

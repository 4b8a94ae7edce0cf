package dev.headwater.devservices;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Odd and extreme values of every type that a PostgreSQL with its contributed extensions has: what
 * the tests of each module send through their part of the way.
 */
public final class OddValues {
  /** A column's type, and an SQL expression for its value. */
  public record Value(String type, String sql) {}

  private static final List<Value> VALUES =
      List.of(
          value("smallint", "-32768"),
          value("bigint", "-9223372036854775808"),
          value("bigint", "9223372036854775807"),
          value("bigint", "9007199254740993"),
          value("oid", "4294967295"),
          value("numeric", "'NaN'"),
          value("numeric", "'Infinity'"),
          value("numeric", "'-Infinity'"),
          value("numeric(5,-2)", "12345"),
          value("numeric", "repeat('7', 2000)"),
          value("numeric", "1.5000"),
          value("numeric(38,10)", "9999999999999999999999999999.9999999999"),
          value("real", "'NaN'"),
          value("real", "16777217"),
          value("double precision", "'NaN'"),
          value("double precision", "'Infinity'"),
          value("double precision", "'-Infinity'"),
          value("double precision", "'-0'"),
          value("double precision", "'5e-324'"),
          value("double precision", "0.1::float8 + 0.2::float8"),
          value("double precision", "1e20"),
          value("money", "-92233720368547758.08"),
          value("boolean", "true"),
          value("boolean", "false"),
          value("text", "''"),
          value("text", "NULL"),
          value("text", "'NULL'"),
          value("text", "'__debezium_unavailable_value'"),
          value("text", "E'\\\\N'"),
          value("text", "E'\\t\\n\\r\\b\\f\\v\\x01\\\\\"'"),
          value("text", "'日本 e\u0301 😀'"),
          value("text", "repeat('ab', 100000)"),
          value("varchar(20)", "'a'"),
          value("char(5)", "'ab'"),
          value("\"char\"", "'a'"),
          value("name", "'abc'"),
          value("bytea", "''"),
          value("bytea", "'\\x00ff10'"),
          value("bit(1)", "B'1'"),
          value("bit(5)", "B'00101'"),
          value("varbit", "B''"),
          value("varbit", "B'1101'"),
          value("date", "'infinity'"),
          value("date", "'-infinity'"),
          value("date", "'0044-03-15 BC'"),
          value("date", "'5874897-12-31'"),
          value("date", "'1582-10-10'"),
          value("time", "'24:00:00'"),
          value("time", "'12:34:56.100'"),
          value("timetz", "'12:00:00-08:15:30'"),
          value("timestamp", "'infinity'"),
          value("timestamp", "'-infinity'"),
          value("timestamp", "'2024-05-01 12:34:56.1'"),
          value("timestamp", "'0044-03-15 12:00:00 BC'"),
          value("timestamp", "'294276-12-31 23:59:59.999999'"),
          value("timestamp", "'9999-12-31 23:59:59.999999'"),
          value("timestamptz", "'-infinity'"),
          value("timestamptz", "'infinity'"),
          value("timestamptz", "'2024-05-01 12:34:56+02'"),
          value("timestamptz", "'1883-11-18 20:00:00+00'"),
          value("timestamptz", "'1883-11-18 05:00:00+00'"),
          value("timestamptz", "'0001-01-01 00:00:00+00'"),
          value("timestamptz", "'0044-03-15 12:00:00+00 BC'"),
          value("timestamptz", "'4714-11-24 00:00:00+00 BC'"),
          value("timestamptz", "'9999-12-31 23:59:59.5+00'"),
          value("timestamptz", "'10000-01-01 00:00:00+00'"),
          value("timestamptz", "'294276-12-31 23:59:59.999999+00'"),
          value("interval", "'1 year 2 mons -3 days 04:05:06.7'"),
          value("interval", "'178000000 years'"),
          value("interval", "'infinity'"),
          value("interval", "'-infinity'"),
          value("interval", "'-178000000 years'"),
          value("interval", "'0'"),
          value("json", "'{\"a\": 1,\n \"a\":1e400, \"u\":\"\\u0000\"}'"),
          value("json", "'null'"),
          value("jsonb", "'12345678901234567890'"),
          value("jsonb", "'null'"),
          value("jsonb", "NULL"),
          value("xml", "'<a b=\"1\"/>'"),
          value("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
          value("inet", "'10.0.0.1/8'"),
          value("inet", "'::1'"),
          value("cidr", "'10.0.0.0/8'"),
          value("macaddr", "'08:00:2b:01:02:03'"),
          value("macaddr8", "'08:00:2b:01:02:03:04:05'"),
          value("tsvector", "'''a b'':1 fat'"),
          value("tsquery", "'a & !b'"),
          value("point", "'(1,2)'"),
          value("line", "'{1,2,3}'"),
          value("lseg", "'[(0,0),(1,1)]'"),
          value("polygon", "'((0,0),(1,1),(2,0))'"),
          value("box", "'(1,1),(0,0)'"),
          value("path", "'[(0,0),(1,1)]'"),
          value("circle", "'<(0,0),1>'"),
          value("xid", "'42'"),
          value("xid8", "'42'"),
          value("pg_lsn", "'16/B374D848'"),
          value("regclass", "'public.\"Mixed Case\"'"),
          value("tid", "'(0,1)'"),
          value("jsonpath", "'$.a'"),
          value("int2vector", "'1 2'"),
          value("int4range", "'[1,4]'"),
          value("int4range", "'empty'"),
          value("int4range", "'(,)'"),
          value("tsrange", "'[2024-05-01 12:00,infinity]'"),
          value("tstzrange", "'[2024-05-01 12:00+02,)'"),
          value("tstzmultirange", "'{[2024-05-01 12:00+02,2024-05-01 13:00+02)}'"),
          value("int4multirange", "'{[1,2),[5,7)}'"),
          value("public.shift", "'[2024-05-01 12:00+02,)'"),
          value("int[]", "'{}'"),
          value("int[]", "'{1,NULL}'"),
          value("int[][]", "'{{1,2},{3,4}}'"),
          value("int[]", "'[0:2]={1,2,3}'"),
          value("text[]", "ARRAY['NULL', NULL, '', 'a,b', '\"', E'\\\\', '{}', E'\\t']"),
          value("numeric[]", "'{NaN,1.50}'"),
          value("date[]", "'{infinity,0044-03-15 BC}'"),
          value("money[]", "'{\"$1,000.00\"}'"),
          value("bytea[]", "'{\"\\\\x00ff\"}'"),
          value("boolean[]", "'{t,f}'"),
          value("float8[]", "'{NaN,-0,1e-7}'"),
          value("box[]", "'{(1,1),(0,0);NULL}'"),
          value("timestamptz[]", "'{2024-05-01 12:00+02}'"),
          value("jsonb[]", "ARRAY['[1]'::jsonb, NULL]"),
          value("jsonb[]", "ARRAY['null'::jsonb, NULL]"),
          value("public.mood", "'so so'"),
          value("public.mood[]", "'{so so,NULL}'"),
          value("public.positive", "7"),
          value("public.positive[]", "'{7,8}'"),
          value("public.ints", "'{1,2}'"),
          value("public.ints[]", "ARRAY['{1,2}', '{3}']::public.ints[]"),
          value("public.place", "ROW(1, E'a \"b\"\\\\', ARRAY[ROW(2,'x y')::public.spot, NULL])"),
          value("public.place", "ROW(NULL, '', NULL)"),
          value(
              "public.place[]",
              "ARRAY[ROW(1, '(,)', ARRAY[ROW(2,'{\"}')::public.spot])::public.place]"),
          value("public.hstore", "'a=>NULL, b=>\"x\"'"),
          value("public.citext", "'MiXed'"),
          value("public.ltree", "'a.b'"),
          value("public.cube", "'(1,2),(3,4)'"),
          value("public.citext[]", "'{A,b}'"),
          value("json", "' {\"a\" : 1 } '"),
          value("json", "'[1, \"]\", {\"}\":\"\\\\\"}]'"),
          value("jsonb", "'\"null\"'"),
          value("json[]", "ARRAY['{\"a\": [1,2]}'::json, '3'::json, NULL]"),
          value("int[][][]", "'{{{1,NULL},{3,4}},{{5,6},{7,8}}}'"),
          value("text[][]", "ARRAY[['a b','NULL'],['null','']]"),
          value("public.code", "'ab'"),
          value("public.bits", "B'00101'"),
          value("varchar(3)[]", "'{abc,NULL}'"),
          value("numeric(6,2)[]", "'{1.5,2}'"),
          value("timestamp(3)", "'2024-05-01 12:34:56.789'"),
          value("timestamptz(0)[]", "'{2024-05-01 12:34:56+02,infinity}'"),
          value("interval day to second(3)", "'3 days 04:05:06.789'"),
          value("sales.mood", "'so so'"),
          value("sales.mood", "E'\\\\'"),
          value("sales.mood", "''''"),
          value("public.\"Odd Type\"", "ROW('[1]'::jsonb, 'null'::jsonb, true)"),
          value("public.\"Odd Type\"", "ROW('{\"a\":\"b c\"}'::jsonb, NULL, false)"),
          value("txid_snapshot", "'10:20:10,14'"),
          value("regtype", "'integer'"),
          value("bit(3)[]", "'{101,010}'"),
          value("public.citext", "NULL"));

  private static final List<String> TYPES =
      List.of(
          "CREATE EXTENSION hstore",
          "CREATE EXTENSION citext",
          "CREATE EXTENSION ltree",
          "CREATE EXTENSION cube",
          "CREATE SCHEMA sales",
          "CREATE TABLE \"Mixed Case\" (id int)",
          "CREATE TYPE mood AS ENUM ('so so', 'fine')",
          "CREATE TYPE sales.mood AS ENUM ('fine', 'so so', '\\', '''', 'a,b')",
          "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
          "CREATE DOMAIN ints AS int[]",
          "CREATE DOMAIN code AS char(5)",
          "CREATE DOMAIN bits AS bit(5)",
          "CREATE TYPE spot AS (x int, label text)",
          "CREATE TYPE place AS (id int, \"Name\" text, spots spot[])",
          "CREATE TYPE \"Odd Type\" AS (\"a.b\" jsonb, \"c\"\"d\" jsonb, \"e\" boolean)",
          "CREATE TYPE shift AS RANGE (subtype = timestamptz)",
          "SET lc_monetary = 'C'");

  private OddValues() {}

  /** The values, in the order of the columns {@code c0}, {@code c1}, … of {@link #createTable}. */
  public static List<Value> all() {
    return VALUES;
  }

  /** Statements that make the types, and the empty table with a column {@code id} at its end. */
  public static List<String> createTable(String table) {
    String columns =
        IntStream.range(0, VALUES.size())
            .mapToObj(i -> "c" + i + " " + VALUES.get(i).type())
            .collect(Collectors.joining(", "));
    List<String> statements = new ArrayList<>(TYPES);
    statements.add("CREATE TABLE " + table + " (" + columns + ", id int PRIMARY KEY)");
    return statements;
  }

  /** A statement that inserts rows with all values, numbered from one up. */
  public static String insert(String table, int rows) {
    String values =
        VALUES.stream()
            .map(value -> "(" + value.sql() + ")::" + value.type())
            .collect(Collectors.joining(", "));
    return "INSERT INTO "
        + table
        + " SELECT "
        + values
        + ", i FROM generate_series(1, "
        + rows
        + ") i";
  }

  private static Value value(String type, String sql) {
    return new Value(type, sql);
  }
}

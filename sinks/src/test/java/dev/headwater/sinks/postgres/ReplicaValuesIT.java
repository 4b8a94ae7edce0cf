package dev.headwater.sinks.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** Odd values of every type, from a source through the log's form into a replica, and compared. */
class ReplicaValuesIT {
  /** A column's type and an SQL expression for its value. */
  private record Value(String type, String sql) {}

  private static final List<Value> VALUES =
      List.of(
          new Value("smallint", "-32768"),
          new Value("bigint", "-9223372036854775808"),
          new Value("bigint", "9223372036854775807"),
          new Value("bigint", "9007199254740993"),
          new Value("oid", "4294967295"),
          new Value("numeric", "'NaN'"),
          new Value("numeric", "'Infinity'"),
          new Value("numeric", "'-Infinity'"),
          new Value("numeric(5,-2)", "12345"),
          new Value("numeric", "repeat('7', 2000)"),
          new Value("numeric", "1.5000"),
          new Value("numeric(38,10)", "9999999999999999999999999999.9999999999"),
          new Value("real", "'NaN'"),
          new Value("real", "16777217"),
          new Value("double precision", "'-Infinity'"),
          new Value("double precision", "'-0'"),
          new Value("double precision", "'5e-324'"),
          new Value("double precision", "0.1::float8 + 0.2::float8"),
          new Value("double precision", "1e20"),
          new Value("money", "-92233720368547758.08"),
          new Value("boolean", "true"),
          new Value("boolean", "false"),
          new Value("text", "''"),
          new Value("text", "NULL"),
          new Value("text", "'NULL'"),
          new Value("text", "E'\\\\N'"),
          new Value("text", "E'\\t\\n\\r\\b\\f\\v\\x01\\\\\"'"),
          new Value("text", "'日本 e\u0301 😀'"),
          new Value("text", "repeat('ab', 100000)"),
          new Value("varchar(20)", "'a'"),
          new Value("char(5)", "'ab'"),
          new Value("\"char\"", "'a'"),
          new Value("name", "'abc'"),
          new Value("bytea", "''"),
          new Value("bytea", "'\\x00ff10'"),
          new Value("bit(1)", "B'1'"),
          new Value("bit(5)", "B'00101'"),
          new Value("varbit", "B''"),
          new Value("date", "'infinity'"),
          new Value("date", "'0044-03-15 BC'"),
          new Value("date", "'5874897-12-31'"),
          new Value("date", "'1582-10-10'"),
          new Value("time", "'24:00:00'"),
          new Value("time", "'12:34:56.100'"),
          new Value("timetz", "'12:00:00-08:15:30'"),
          new Value("timestamp", "'infinity'"),
          new Value("timestamp", "'2024-05-01 12:34:56.1'"),
          new Value("timestamp", "'0044-03-15 12:00:00 BC'"),
          new Value("timestamp", "'294276-12-31 23:59:59.999999'"),
          new Value("timestamp", "'9999-12-31 23:59:59.999999'"),
          new Value("timestamptz", "'-infinity'"),
          new Value("timestamptz", "'2024-05-01 12:34:56+02'"),
          new Value("timestamptz", "'1883-11-18 20:00:00+00'"),
          new Value("timestamptz", "'1883-11-18 05:00:00+00'"),
          new Value("timestamptz", "'0001-01-01 00:00:00+00'"),
          new Value("timestamptz", "'0044-03-15 12:00:00+00 BC'"),
          new Value("timestamptz", "'4714-11-24 00:00:00+00 BC'"),
          new Value("timestamptz", "'9999-12-31 23:59:59.5+00'"),
          new Value("timestamptz", "'10000-01-01 00:00:00+00'"),
          new Value("timestamptz", "'294276-12-31 23:59:59.999999+00'"),
          new Value("interval", "'1 year 2 mons -3 days 04:05:06.7'"),
          new Value("interval", "'178000000 years'"),
          new Value("interval", "'infinity'"),
          new Value("interval", "'0'"),
          new Value("json", "'{\"a\": 1,\n \"a\":1e400, \"u\":\"\\u0000\"}'"),
          new Value("json", "'null'"),
          new Value("jsonb", "'12345678901234567890'"),
          new Value("jsonb", "'null'"),
          new Value("jsonb", "NULL"),
          new Value("xml", "'<a b=\"1\"/>'"),
          new Value("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
          new Value("inet", "'10.0.0.1/8'"),
          new Value("inet", "'::1'"),
          new Value("cidr", "'10.0.0.0/8'"),
          new Value("macaddr8", "'08:00:2b:01:02:03:04:05'"),
          new Value("tsvector", "'''a b'':1 fat'"),
          new Value("tsquery", "'a & !b'"),
          new Value("point", "'(1,2)'"),
          new Value("line", "'{1,2,3}'"),
          new Value("box", "'(1,1),(0,0)'"),
          new Value("path", "'[(0,0),(1,1)]'"),
          new Value("circle", "'<(0,0),1>'"),
          new Value("xid", "'42'"),
          new Value("xid8", "'42'"),
          new Value("pg_lsn", "'16/B374D848'"),
          new Value("regclass", "'public.\"Mixed Case\"'"),
          new Value("tid", "'(0,1)'"),
          new Value("jsonpath", "'$.a'"),
          new Value("int2vector", "'1 2'"),
          new Value("int4range", "'[1,4]'"),
          new Value("int4range", "'empty'"),
          new Value("int4range", "'(,)'"),
          new Value("tsrange", "'[2024-05-01 12:00,infinity]'"),
          new Value("tstzrange", "'[2024-05-01 12:00+02,)'"),
          new Value("tstzmultirange", "'{[2024-05-01 12:00+02,2024-05-01 13:00+02)}'"),
          new Value("int4multirange", "'{[1,2),[5,7)}'"),
          new Value("public.shift", "'[2024-05-01 12:00+02,)'"),
          new Value("int[]", "'{}'"),
          new Value("int[]", "'{1,NULL}'"),
          new Value("int[][]", "'{{1,2},{3,4}}'"),
          new Value("int[]", "'[0:2]={1,2,3}'"),
          new Value("text[]", "ARRAY['NULL', NULL, '', 'a,b', '\"', E'\\\\', '{}', E'\\t']"),
          new Value("numeric[]", "'{NaN,1.50}'"),
          new Value("date[]", "'{infinity,0044-03-15 BC}'"),
          new Value("money[]", "'{\"$1,000.00\"}'"),
          new Value("bytea[]", "'{\"\\\\x00ff\"}'"),
          new Value("boolean[]", "'{t,f}'"),
          new Value("float8[]", "'{NaN,-0,1e-7}'"),
          new Value("box[]", "'{(1,1),(0,0);NULL}'"),
          new Value("timestamptz[]", "'{2024-05-01 12:00+02}'"),
          new Value("jsonb[]", "ARRAY['[1]'::jsonb, NULL]"),
          new Value("jsonb[]", "ARRAY['null'::jsonb, NULL]"),
          new Value("public.mood", "'so so'"),
          new Value("public.mood[]", "'{so so,NULL}'"),
          new Value("public.positive", "7"),
          new Value("public.positive[]", "'{7,8}'"),
          new Value("public.ints", "'{1,2}'"),
          new Value("public.ints[]", "ARRAY['{1,2}', '{3}']::public.ints[]"),
          new Value(
              "public.place", "ROW(1, E'a \"b\"\\\\', ARRAY[ROW(2,'x y')::public.spot, NULL])"),
          new Value("public.place", "ROW(NULL, '', NULL)"),
          new Value(
              "public.place[]",
              "ARRAY[ROW(1, '(,)', ARRAY[ROW(2,'{\"}')::public.spot])::public.place]"),
          new Value("public.hstore", "'a=>NULL, b=>\"x\"'"),
          new Value("public.citext", "'MiXed'"),
          new Value("public.ltree", "'a.b'"),
          new Value("public.cube", "'(1,2),(3,4)'"),
          new Value("public.citext[]", "'{A,b}'"),
          new Value("json", "' {\"a\" : 1 } '"),
          new Value("json", "'[1, \"]\", {\"}\":\"\\\\\"}]'"),
          new Value("jsonb", "'\"null\"'"),
          new Value("json[]", "ARRAY['{\"a\": [1,2]}'::json, '3'::json, NULL]"),
          new Value("int[][][]", "'{{{1,NULL},{3,4}},{{5,6},{7,8}}}'"),
          new Value("text[][]", "ARRAY[['a b','NULL'],['null','']]"),
          new Value("public.code", "'ab'"),
          new Value("public.bits", "B'00101'"),
          new Value("varchar(3)[]", "'{abc,NULL}'"),
          new Value("numeric(6,2)[]", "'{1.5,2}'"),
          new Value("timestamp(3)", "'2024-05-01 12:34:56.789'"),
          new Value("timestamptz(0)[]", "'{2024-05-01 12:34:56+02,infinity}'"),
          new Value("interval day to second(3)", "'3 days 04:05:06.789'"),
          new Value("sales.mood", "'so so'"),
          new Value("sales.mood", "E'\\\\'"),
          new Value("sales.mood", "''''"),
          new Value("public.\"Odd Type\"", "ROW('[1]'::jsonb, 'null'::jsonb, true)"),
          new Value("public.\"Odd Type\"", "ROW('{\"a\":\"b c\"}'::jsonb, NULL, false)"),
          new Value("txid_snapshot", "'10:20:10,14'"),
          new Value("regtype", "'integer'"),
          new Value("bit(3)[]", "'{101,010}'"),
          new Value("public.citext", "NULL"));

  /** Enough that the batch is staged. */
  private static final int MANY = 150;

  @Test
  void everyValueIsTheSourcesOwn() throws Exception {
    Replica source = Replica.on(SharedServices.postgres());
    makeSource(source);
    Replica target = Replica.on(SharedServices.postgres());
    target.execute("CREATE SCHEMA ext");
    target.execute("CREATE EXTENSION citext SCHEMA ext");
    target.execute("CREATE EXTENSION hstore SCHEMA ext");

    try (Sink sink = target.open()) {
      List<FoldedRow> rows = new ArrayList<>();
      TableSchema schema = read(source, rows);
      sink.prepare(schema);
      LogPartition partition = new LogPartition(schema.table(), "odd", "id", 0);
      PartitionWriter writer = sink.take(partition);
      writer.apply(batch(partition, 0, rows.subList(0, 1)));
      writer.apply(batch(partition, 1, rows.subList(1, rows.size())));
      writer.apply(batch(partition, 2, rows));
    }

    List<List<String>> expected = texts(source, "public");
    List<List<String>> found = texts(target, Replica.SCHEMA);
    assertThat(found).hasSize(MANY);
    for (int i = 0; i < VALUES.size(); i++) {
      assertThat(found.get(0).get(i)).as("%s", VALUES.get(i)).isEqualTo(expected.get(0).get(i));
    }
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void columnsHaveTheSourcesTypesWhereTheTargetKnowsThem() throws Exception {
    Replica source = Replica.on(SharedServices.postgres());
    makeSource(source);
    Replica target = Replica.on(SharedServices.postgres());
    target.execute("CREATE SCHEMA ext");
    target.execute("CREATE EXTENSION citext SCHEMA ext");
    try (Sink sink = target.open()) {
      sink.prepare(read(source, new ArrayList<>()));
    }

    Map<String, String> types =
        target
            .query(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                    + " WHERE attrelid = 'shop.odd'::regclass AND attnum > 0")
            .stream()
            .map(row -> row.split("\\|"))
            .collect(Collectors.toMap(row -> row[0], row -> row[1]));
    assertThat(types.get(column("numeric(38,10)"))).isEqualTo("numeric(38,10)");
    assertThat(types.get(column("varchar(3)[]"))).isEqualTo("character varying(3)[]");
    assertThat(types.get(column("char(5)"))).isEqualTo("character(5)");
    assertThat(types.get(column("\"char\""))).isEqualTo("\"char\"");
    assertThat(types.get(column("public.code"))).isEqualTo("bpchar");
    assertThat(types.get(column("public.mood"))).isEqualTo("shop_types.mood");
    assertThat(types.get(column("sales.mood"))).isEqualTo("shop_types.\"sales.mood\"");
    assertThat(types.get(column("public.mood[]"))).isEqualTo("shop_types.mood[]");
    assertThat(types.get(column("public.place"))).isEqualTo("shop_types.place");
    assertThat(types.get(column("public.positive"))).isEqualTo("integer");
    assertThat(types.get(column("public.citext"))).isEqualTo("ext.citext");
    assertThat(types.get(column("public.hstore"))).isEqualTo("text");
    assertThat(types.get(column("public.shift"))).isEqualTo("text");
    assertThat(types.get(column("regclass"))).isEqualTo("text");
    assertThat(types.get(column("public.ints[]"))).isEqualTo("text");
  }

  private static String column(String type) {
    return "c"
        + IntStream.range(0, VALUES.size())
            .filter(i -> VALUES.get(i).type().equals(type))
            .findFirst()
            .orElseThrow();
  }

  private static void makeSource(Replica source) {
    String columns =
        IntStream.range(0, VALUES.size())
            .mapToObj(i -> "c" + i + " " + VALUES.get(i).type())
            .collect(Collectors.joining(", "));
    String values =
        VALUES.stream()
            .map(value -> "(" + value.sql() + ")::" + value.type())
            .collect(Collectors.joining(", "));
    for (String sql :
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
            "SET lc_monetary = 'C'; CREATE TABLE odd (" + columns + ", id int PRIMARY KEY)",
            "INSERT INTO odd SELECT " + values + ", i FROM generate_series(1, " + MANY + ") i")) {
      source.execute(sql);
    }
  }

  private static FoldedBatch batch(LogPartition partition, long from, List<FoldedRow> rows) {
    return new FoldedBatch(
        partition, from, from + 1, rows, new Checkpoint(1, partition.topicId(), from + 1, 1));
  }

  /** Reads the source's rows as the log holds them. */
  private static TableSchema read(Replica source, List<FoldedRow> rows) throws Exception {
    try (Connection connection = source.connect()) {
      SourceSession.applyTo(connection);
      CatalogTable table = new TableCatalog(connection).read("public", "odd").orElseThrow();
      TableSchema schema =
          table.toSchema("shop", 1, new TypeCatalog(connection), name -> false, table.primaryKey());
      CopyOut copy =
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyOut("COPY (SELECT * FROM public.odd ORDER BY id) TO STDOUT");
      CopyTextReader reader = new CopyTextReader(schema.columns().size());
      RowEncoder encoder = new RowEncoder(schema, Map.of());
      for (byte[] line = copy.readFromCopy(); line != null; line = copy.readFromCopy()) {
        reader.read(line, 0, line.length);
        reader.writeTo(encoder);
        rows.add(
            new FoldedRow(
                encoder.key(), encoder.row(), 1, 0, 1, Optional.ofNullable(encoder.nulls()), 0));
      }
      return schema;
    }
  }

  private static List<List<String>> texts(Replica database, String schema) throws Exception {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      SourceSession.applyTo(connection);
      String columns =
          IntStream.range(0, VALUES.size())
              .mapToObj(i -> "c" + i + "::text")
              .collect(Collectors.joining(", "));
      List<List<String>> rows = new ArrayList<>();
      try (ResultSet row =
          statement.executeQuery("SELECT " + columns + " FROM " + schema + ".odd ORDER BY id")) {
        while (row.next()) {
          List<String> texts = new ArrayList<>();
          for (int i = 1; i <= VALUES.size(); i++) {
            texts.add(String.valueOf(row.getString(i)));
          }
          rows.add(texts);
        }
      }
      return rows;
    }
  }
}

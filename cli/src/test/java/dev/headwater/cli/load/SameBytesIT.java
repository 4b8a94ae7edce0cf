package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.devservices.SharedServices;
import dev.headwater.snapshot.SnapshotConfig;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The same row gives the same bytes by either way in: first it is read, then streamed unchanged.
 */
@Timeout(180)
class SameBytesIT {
  private static final List<String> COLUMNS =
      List.of(
          "i2 int2",
          "i4 int4",
          "i8 int8",
          "f4 float4",
          "f8 float8",
          "num numeric",
          "num2 numeric(12,3)",
          "b bool",
          "t text",
          "vc varchar(20)",
          "ch char(5)",
          "na name",
          "js json",
          "jb jsonb",
          "tstz timestamptz",
          "ts timestamp(3)",
          "d date",
          "ti time",
          "titz timetz",
          "iv interval",
          "by bytea",
          "u uuid",
          "ip inet",
          "net cidr",
          "mac macaddr",
          "rng int4range",
          "trng tstzrange",
          "mrng int4multirange",
          "vec tsvector",
          "pt point",
          "bx box",
          "ia int[]",
          "ta text[]",
          "tsa timestamptz[]",
          "bxa box[]",
          "ba bytea[]",
          "mo mood",
          "moa mood[]",
          "po positive",
          "ad address",
          "ada address[]",
          "mny money",
          "bits bit(4)",
          "vbits varbit",
          "oi oid",
          "lsn pg_lsn",
          "cls regclass");

  private static final List<String> ROWS =
      List.of(
          "1, -32768, 2147483647, -9223372036854775808, 1.1, 1e-7, 'NaN', -0.5, true, E'tab\\t\"q\\\\ ü 😀',"
              + " 'v', 'c', 'n', '{ \"a\" : 1.0 }', '{\"b\":null}', '2024-02-29 12:00:00.123456+03',"
              + " '2024-01-01 00:00:00.5', '2024-01-01', '24:00:00', '12:00:00+02', '1 mon -2 days 3.5 s',"
              + " '\\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.1/8', '10.0.0.0/8',"
              + " '08:00:2b:01:02:03', '[1,5)', '[2024-01-01,infinity)', '{[1,2),[5,9)}', 'a:1 b:2', '(1,2)',"
              + " '(2,2),(0,0)', '{{1,NULL},{3,4}}', '{\"a,b\",NULL,\"\\\"\"}', '{\"2024-01-01 00:00:00+00\"}',"
              + " '{(1,1),(0,0);(2,2),(1,1)}', '{\"\\\\x01\"}', 'so so', '{happy}', 5, ROW('a \"b\"', 7),"
              + " ARRAY[ROW('x', NULL)::address], 12.5, B'1010', B'1', 42, '16/B374D848', 'pg_class'",
          "2, 0, 0, 0, 'NaN', '-Infinity', 1e40, 0, false, '', '', '', '', 'null', 'null', 'infinity',"
              + " '0044-03-15 00:00:00 BC', '4713-01-01 BC', '00:00:00', '00:00:00-12', '-1 year',"
              + " '', '00000000-0000-0000-0000-000000000000', '::1', '::/0', '00:00:00:00:00:00', 'empty',"
              + " '(,)', '{}', '', '(0,0)', '(0,0),(0,0)', '{}', '{}', '{infinity}', '{}', '{}', 'happy', '{}', 1,"
              + " ROW(NULL, NULL), '{}', 0, B'0000', B'', 0, '0/0', 'public.every_type'",
          "3" + ", NULL".repeat(COLUMNS.size()));

  @Test
  void aRowThatIsReadAndThenStreamedHasTheSameBytes() throws Exception {
    String name = FreshName.of("samebytes");
    String url = OddTablesIT.create(name);
    OddTablesIT.execute(
        url,
        "CREATE TYPE mood AS ENUM ('happy', 'so so')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE TYPE address AS (street text, number int)",
        "CREATE TABLE every_type (id int PRIMARY KEY, " + String.join(", ", COLUMNS) + ")");
    for (String row : ROWS) {
      OddTablesIT.execute(url, "INSERT INTO every_type VALUES (" + row + ")");
    }
    try (LoadBench bench =
        new LoadBench(
                LoadBench.config(
                    name, SharedServices.postgres().port(), name, List.of("public.every_type")),
                SnapshotConfig.DEFAULT,
                OddTablesIT.brokers())
            .start()) {
      bench.awaitLoaded(Duration.ofMinutes(1));
      OddTablesIT.execute(url, "UPDATE every_type SET id = id");
      FoldedLog log = log(name);
      long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
      while (log.streamed.size() < ROWS.size() && System.nanoTime() < deadline) {
        Thread.sleep(100);
        log = log(name);
      }
      assertThat(log.read).hasSize(ROWS.size());
      assertThat(log.streamed).isEqualTo(log.read);
      // Two names for one type would be a change that a replica cannot follow.
      assertThat(log.schemas).hasSize(1);
    }
  }

  private static FoldedLog log(String name) throws Exception {
    return FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, "every_type"));
  }
}

package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.headwater.devservices.OddValues;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.SourceSession;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** What the stream writes of every type, of odd names, and of wide tables. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TypesIT {
  @Test
  void theStreamWritesEveryValueAsASnapshotDoes() throws Exception {
    assumeTrue(
        SharedServices.postgres().majorVersion() >= 17, "PostgreSQL 17 has infinite intervals");
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(OddValues.createTable("odd").toArray(String[]::new));
      source.start("public.odd");
      source.sql(
          "SET lc_monetary = 'C'; " + OddValues.insert("odd", 1),
          "ALTER TYPE mood ADD VALUE 'new one'",
          "ALTER TYPE mood RENAME VALUE 'fine' TO 'well'",
          "UPDATE odd SET " + enumColumn() + " = 'new one', id = 2");
      source.awaitLog();

      List<LogTopic.Entry> records = source.topic("odd").records();
      assertThat(records).hasSize(3);
      String streamed = String.valueOf(records.get(2).value());
      assertThat(streamed).contains("\"new one\"").isEqualTo(read(source));
      // The first record differs by the two columns that were updated, and by nothing else.
      assertThat(String.valueOf(records.get(0).value()).replace("\"id\":1}", "\"id\":2}"))
          .isEqualTo(streamed.replace("\"new one\"", "\"so so\""));
    }
  }

  private static String enumColumn() {
    for (int i = 0; i < OddValues.all().size(); i++) {
      if (OddValues.all().get(i).type().equals("public.mood")) {
        return "c" + i;
      }
    }
    throw new AssertionError();
  }

  /** The row as a snapshot reads and encodes it. */
  private static String read(CapturedSource source) throws Exception {
    try (Connection connection = source.connect()) {
      SourceSession.applyTo(connection);
      CatalogTable table = new TableCatalog(connection).read("public", "odd").orElseThrow();
      TableSchema schema =
          table.toSchema("shop", 1, new TypeCatalog(connection), name -> false, table.primaryKey());
      CopyOut copy =
          connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY public.odd TO STDOUT");
      byte[] line = copy.readFromCopy();
      CopyTextReader reader = new CopyTextReader(schema.columns().size());
      reader.read(line, 0, line.length);
      RowEncoder encoder = new RowEncoder(schema, Map.of());
      reader.writeTo(encoder);
      assertThat(copy.readFromCopy()).isNull();
      return new String(encoder.row(), UTF_8);
    }
  }

  @Test
  void d8_h6_oddNamesAndWideTablesAreCapturedUnderTheirOwnNames() throws Exception {
    StringBuilder wide = new StringBuilder("CREATE TABLE wide (id int PRIMARY KEY");
    for (int i = 1; i < 1600; i++) {
      wide.append(", c").append(i).append(" bool");
    }
    try (CapturedSource source = CapturedSource.create()) {
      source.sql(
          "CREATE TABLE \"a b\" (\"ID\" int, id int, \"select\" int, op text, before text,"
              + " \"_id\" text, \"ä\"\"😀.\" text, PRIMARY KEY (\"ID\"))",
          "CREATE TABLE \"a_b\" (id int PRIMARY KEY)",
          "CREATE TABLE \"a.b\" (id int PRIMARY KEY)",
          "CREATE TABLE \"😀\" (id int PRIMARY KEY)",
          "CREATE TABLE made (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED)",
          "CREATE TABLE none ()",
          wide + ")");
      source.start("public.*");
      source.sql(
          "INSERT INTO \"a b\" VALUES (1, 2, 3, 'o', 'b', '_', 'x')",
          "INSERT INTO \"a_b\" VALUES (2)",
          "INSERT INTO \"a.b\" VALUES (3)",
          "INSERT INTO \"😀\" VALUES (4)",
          "INSERT INTO made VALUES (5)",
          "INSERT INTO wide (id, c1599) VALUES (6, true)");
      source.awaitLog();

      assertThat(values(source, "a b"))
          .containsExactly(
              "{\"ID\":1,\"id\":2,\"select\":3,\"op\":\"o\",\"before\":\"b\",\"_id\":\"_\","
                  + "\"ä\\\"😀.\":\"x\"}");
      assertThat(values(source, "a_b")).containsExactly("{\"id\":2}");
      assertThat(values(source, "a.b")).containsExactly("{\"id\":3}");
      assertThat(values(source, "😀")).containsExactly("{\"id\":4}");
      assertThat(values(source, "made")).containsExactly("{\"id\":5}");
      assertThat(values(source, "wide")).singleElement().asString().endsWith("\"c1599\":true}");
      assertThat(source.status().problems().keySet()).containsExactly("public.none");
    }
  }

  private static List<String> values(CapturedSource source, String table) {
    return source.topic(table).records().stream().map(r -> String.valueOf(r.value())).toList();
  }
}

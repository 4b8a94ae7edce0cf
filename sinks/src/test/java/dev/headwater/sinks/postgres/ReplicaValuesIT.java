package dev.headwater.sinks.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.headwater.devservices.OddValues;
import dev.headwater.devservices.OddValues.Value;
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
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** Odd values of every type, from a source through the log's form into a replica, and compared. */
class ReplicaValuesIT {
  private static final List<Value> VALUES = OddValues.all();

  /** Enough that the batch is staged. */
  private static final int MANY = 150;

  @BeforeAll
  static void requireServer() {
    assumeTrue(
        SharedServices.postgres().majorVersion() >= 17, "PostgreSQL 17 has infinite intervals");
  }

  @Test
  void everyValueIsTheSourcesOwn() throws Exception {
    Replica source = Replica.on(SharedServices.postgres());
    makeSource(source);
    Replica target = Replica.on(SharedServices.postgres());
    target.execute("CREATE SCHEMA ext");
    target.execute("CREATE EXTENSION citext SCHEMA ext");
    target.execute("CREATE EXTENSION hstore SCHEMA ext");
    String logged;

    try (Sink sink = target.open()) {
      List<FoldedRow> rows = new ArrayList<>();
      TableSchema schema = read(source, rows);
      sink.prepare(schema);
      LogPartition partition = new LogPartition(schema.table(), "odd", "id", 0);
      PartitionWriter writer = sink.take(partition);
      writer.apply(batch(partition, 0, rows.subList(0, 1)));
      writer.apply(batch(partition, 1, rows.subList(1, rows.size())));
      writer.apply(batch(partition, 2, rows));
      logged = new String(Objects.requireNonNull(rows.get(0).value()), StandardCharsets.UTF_8);
    }

    List<List<String>> expected = texts(source, "public");
    List<List<String>> found = texts(target, Replica.SCHEMA);
    assertThat(found).hasSize(MANY);
    for (int i = 0; i < VALUES.size(); i++) {
      assertThat(found.get(0).get(i)).as("%s", VALUES.get(i)).isEqualTo(expected.get(0).get(i));
    }
    assertThat(found).isEqualTo(expected);
    TypesPage.requireLevel(TypesPage.write(logged, found.get(0)));
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
    // One session: a type's text depends on its settings.
    source.execute(String.join("; ", OddValues.createTable("odd")));
    source.execute("SET lc_monetary = 'C'; " + OddValues.insert("odd", MANY));
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

package dev.headwater.sinks.opensearch;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkContract;
import dev.headwater.sinks.SinkTarget;
import dev.headwater.sinks.TestRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class OpenSearchSinkIT extends SinkContract {
  @Override
  protected SinkTarget shared(List<String> keyColumns) {
    return target();
  }

  private static OpenSearchTarget target() {
    return new OpenSearchTarget(SharedServices.openSearch(), false);
  }

  @Override
  protected SinkTarget alone(List<String> keyColumns) {
    return new OpenSearchTarget(OpenSearchServer.start(), true);
  }

  @Override
  protected boolean needsSchemas() {
    return true;
  }

  @Test
  void aRowIsFoundByAWordOfItWithinTwoSeconds() throws InterruptedException {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open();
        PartitionWriter writer = take(sink, rows)) {
      writer.apply(rows.put(key(1), row(1, "a green lantern", 1)).batch());
      long appliedAt = System.nanoTime();
      while (hits(target, "{\"match\":{\"name\":\"lantern\"}}") == 0) {
        Thread.sleep(50);
      }
      assertThat((System.nanoTime() - appliedAt) / 1_000_000).isLessThan(2_000);
      assertThat(hits(target, "{\"term\":{\"name.keyword\":\"a green lantern\"}}")).isEqualTo(1);
    }
  }

  @Test
  void everyTypeIsTakenAndOddValuesAreKept() {
    PgType mood = new PgType("public.mood", PgType.Kind.ENUM, null, List.of(), List.of("ok"), ',');
    PgType pair =
        new PgType(
            "public.pair",
            PgType.Kind.COMPOSITE,
            null,
            List.of(new PgType.Field("a", PgType.base("int4"))),
            List.of(),
            ',');
    List<ColumnSchema> columns = new ArrayList<>();
    columns.add(TestRows.column("id", "int8", "bigint", false));
    columns.add(TestRows.column("price", "numeric", "numeric(10,2)", true));
    columns.add(TestRows.column("at", "timestamptz", "timestamp with time zone", true));
    columns.add(TestRows.column("day", "date", "date", true));
    columns.add(TestRows.column("ratio", "float8", "double precision", true));
    columns.add(TestRows.column("ok", "bool", "boolean", true));
    columns.add(TestRows.column("attrs", "jsonb", "jsonb", true));
    columns.add(TestRows.column("blob", "bytea", "bytea", true));
    columns.add(TestRows.column("net", "inet", "inet", true));
    columns.add(
        new ColumnSchema(
            "tags", PgType.arrayOf("_text", PgType.base("text")), "text[]", true, null));
    columns.add(
        new ColumnSchema(
            "flags", PgType.arrayOf("_bool", PgType.base("bool")), "boolean[]", true, null));
    columns.add(
        new ColumnSchema(
            "nums", PgType.arrayOf("_int4", PgType.base("int4")), "integer[]", true, null));
    columns.add(new ColumnSchema("mood", mood, "mood", true, null));
    columns.add(new ColumnSchema("pair", pair, "pair", true, null));
    columns.add(TestRows.column("_id", "text", "text", true));
    columns.add(TestRows.column("a.b", "int4", "integer", true));
    columns.add(TestRows.column("a", "int4", "integer", true));
    TestRows rows = TestRows.of(columns, "id");
    String usual =
        "{\"id\":1,\"price\":\"12.50\",\"at\":\"2024-05-01T12:34:56.123456Z\",\"day\":\"2024-05-01\","
            + "\"ratio\":1.5,\"ok\":true,\"attrs\":{\"x\":\n[1,{\"y\":null}]},\"blob\":\"AP8Q\","
            + "\"net\":\"10.0.0.0/8\",\"tags\":[\"red\",null,\"b\"],\"flags\":[true,null],"
            + "\"nums\":[[1,2],[3,4]],\"mood\":\"ok\",\"pair\":{\"a\":1},\"_id\":\"x\",\"a.b\":1,\"a\":2}";
    String odd =
        "{\"id\":2,\"price\":\"NaN\",\"at\":\"infinity\",\"day\":\"0044-03-15 BC\","
            + "\"ratio\":\"-Infinity\",\"ok\":null,\"attrs\":\"just text\",\"blob\":\"\","
            + "\"net\":\"::1\",\"tags\":\"[0:1]={a,b}\",\"flags\":\"[0:1]={t,f}\",\"nums\":\"[0:1]={1,2}\","
            + "\"mood\":null,\"pair\":null,\"_id\":null,\"a.b\":null,\"a\":null}";
    String huge =
        "{\"id\":3,\"price\":\""
            + "9".repeat(2000)
            + "\",\"at\":\"294276-12-31T23:59:59.999999Z\","
            + "\"day\":\"5874897-12-31\",\"attrs\":[1,\"x\"],\"ratio\":5e-324}";
    try (OpenSearchTarget target = target();
        Sink sink = target.open();
        PartitionWriter writer = take(sink, rows)) {
      writer.apply(rows.put(key(1), usual).put(key(2), odd).put(key(3), huge).batch());

      assertRow(
          target,
          rows.schema(),
          key(1),
          usual.replace("\"_id\"", "\"_id_\"").replace("\"a.b\"", "\"a_b\""));
      assertRow(
          target,
          rows.schema(),
          key(2),
          odd.replace("\"_id\"", "\"_id_\"").replace("\"a.b\"", "\"a_b\""));
      assertRow(target, rows.schema(), key(3), huge);
      assertThat(target.count(rows.schema())).isEqualTo(3);
      assertThat(hits(target, "{\"range\":{\"price.number\":{\"gte\":12,\"lt\":13}}}"))
          .isEqualTo(1);
      assertThat(hits(target, "{\"term\":{\"price\":\"12.50\"}}")).isEqualTo(1);
      assertThat(
              hits(target, "{\"range\":{\"at\":{\"gte\":\"2024-05-01\",\"lt\":\"2024-05-02\"}}}"))
          .isEqualTo(1);
      assertThat(hits(target, "{\"match\":{\"tags\":\"red\"}}")).isEqualTo(1);
      assertThat(hits(target, "{\"term\":{\"nums\":3}}")).isEqualTo(1);
    }
  }

  @Test
  void aRefusedRowIsNamedAndNothingIsSkipped() {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open(Map.of("name", "boolean"))) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      for (int id = 0; id < 1000; id++) {
        rows.put(key(id), row(id, id == 500 ? "secret words" : "true", id));
      }
      FoldedBatch batch = rows.batch();

      assertThatThrownBy(() -> writer.apply(batch))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> {
                assertThat(e.code()).isEqualTo(FailureCode.RECORD_REFUSED);
                assertThat(e.getMessage())
                    .contains(rows.schema().table().toString(), "offset 500 ", "field [name]")
                    .doesNotContain("secret");
              });

      assertThat(sink.take(rows.partition()).checkpoint()).isEmpty();
    }
  }

  @Test
  void severalTablesMeetInOneIndex() {
    TestRows one = TestRows.withNumberKey();
    TestRows other = TestRows.withTextKey();
    String index = "meeting";
    try (OpenSearchTarget target = target();
        Sink sink =
            new FirstGeneration(
                OpenSearchTarget.config(
                    index,
                    SharedServices.openSearch().url(),
                    List.of("shop.public.*"),
                    Map.of()))) {
      sink.prepare(one.schema());
      sink.prepare(other.schema());
      sink.take(one.partition()).apply(one.put(key(7), row(7, "seven", 1)).batch());
      sink.take(other.partition())
          .apply(
              other
                  .put(
                      "{\"tenant\":\"7\",\"code\":\"x\"}",
                      "{\"tenant\":\"7\",\"code\":\"x\",\"qty\":1}")
                  .batch());
      target.http().send("POST", "/" + index + "/_refresh", "");
      assertThat(target.http().get("/" + index + "/_count").path("count").asInt()).isEqualTo(2);
      target.http().send("DELETE", "/" + index + "-g1", "");
    }
  }

  @Test
  void anIndexDeletedAndMadeAgainIsFilledFromTheBeginning() {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      writer.apply(rows.put(key(1), row(1, "one", 1)).batch());
      target.http().send("DELETE", "/" + target.index() + "-g1", "");

      assertFails(
          () -> writer.apply(rows.put(key(2), row(2, "two", 2)).batch()), FailureCode.FENCED);

      assertThat(target.http().get("/" + target.index() + "-g1").path("status").asInt())
          .isEqualTo(404);
      sink.prepare(rows.schema());
      assertThat(sink.take(rows.partition()).checkpoint()).isEmpty();
    }
  }

  @Test
  void manyTakeoversAtOnceLeaveOneOwner() throws Exception {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open()) {
      sink.prepare(rows.schema());
      List<Thread> threads = new ArrayList<>();
      List<PartitionWriter> writers = new CopyOnWriteArrayList<>();
      for (int i = 0; i < 6; i++) {
        Thread thread = new Thread(() -> writers.add(sink.take(rows.partition())));
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      FoldedBatch batch = rows.put(key(1), row(1, "one", 1)).batch();
      int succeeded = 0;
      for (PartitionWriter writer : writers) {
        try {
          writer.apply(batch);
          succeeded++;
        } catch (HeadwaterException e) {
          assertThat(e.code()).isEqualTo(FailureCode.FENCED);
        }
      }
      assertThat(writers).hasSize(6);
      assertThat(succeeded).isLessThanOrEqualTo(1);
      PartitionWriter last = sink.take(rows.partition());
      if (last.checkpoint().isEmpty()) {
        last.apply(batch);
      }
      assertRow(target, rows.schema(), key(1), row(1, "one", 1));
    }
  }

  @Test
  void aDeleteAcceptedBeforeATakeoverIsNotUndoneByAStaleVersion() {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open();
        PartitionWriter writer = take(sink, rows)) {
      FoldedBatch first = rows.put(key(1), row(1, "one", 1)).batch();
      writer.apply(first);
      writer.apply(rows.delete(key(1)).batch());

      // A request the server had accepted before the takeover arrives after the delete.
      JsonNode late =
          target
              .http()
              .send(
                  "PUT",
                  "/"
                      + target.index()
                      + "/_doc/1?version_type=external_gte&version="
                      + first.rows().get(0).seq(),
                  row(1, "one", 1));

      assertThat(late.path("status").asInt()).isEqualTo(409);
      assertThat(target.read(rows.schema(), key(1))).isEmpty();
    }
  }

  @Test
  void aReadOnlyIndexIsRefusedWithTheRemedy() {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open();
        PartitionWriter writer = take(sink, rows)) {
      String settings = "/" + target.index() + "-g1/_settings";
      target.http().send("PUT", settings, "{\"index.blocks.read_only\":true}");
      assertFails(
          () -> writer.apply(rows.put(key(1), row(1, "one", 1)).batch()),
          FailureCode.TARGET_NOT_READY);
      assertFails(() -> sink.prepare(rows.schema()), FailureCode.TARGET_NOT_READY);
      target.http().send("PUT", settings, "{\"index.blocks.read_only\":null}");
      target.http().send("PUT", settings, "{\"index.translog.durability\":\"async\"}");
      assertFails(() -> sink.prepare(rows.schema()), FailureCode.TARGET_NOT_READY);
    }
  }

  @Test
  void anAliasOrIndexOfOthersIsLeftAlone() {
    TestRows rows = TestRows.withNumberKey();
    try (OpenSearchTarget target = target();
        Sink sink = target.open()) {
      target.http().send("PUT", "/" + target.index(), "{}");
      assertFails(() -> sink.prepare(rows.schema()), FailureCode.TARGET_NOT_READY);
      target.http().send("DELETE", "/" + target.index(), "");
      target.http().send("PUT", "/others", "{\"aliases\":{\"" + target.index() + "\":{}}}");
      assertFails(() -> sink.prepare(rows.schema()), FailureCode.TARGET_NOT_READY);
      target.http().send("DELETE", "/others", "");
    }
  }

  @Test
  void twoThousandColumnsAreTaken() {
    List<ColumnSchema> columns = new ArrayList<>();
    columns.add(TestRows.column("id", "int8", "bigint", false));
    for (int i = 0; i < 1_599; i++) {
      columns.add(TestRows.column("c" + i, "text", "text", true));
    }
    TestRows rows = TestRows.of(columns, "id");
    TableSchema narrow =
        new TableSchema(rows.schema().table(), 1, columns.subList(0, 3), List.of("id"));
    try (OpenSearchTarget target = target();
        Sink sink = target.open()) {
      sink.prepare(narrow);
      sink.prepare(rows.schema().withVersion(2));
      try (PartitionWriter writer = sink.take(rows.partition())) {
        writer.apply(rows.put(key(1), "{\"id\":1,\"c1598\":\"x\"}").batch());
      }
      assertRow(target, rows.schema(), key(1), "{\"id\":1,\"c1598\":\"x\"}");
    }
  }

  private static PartitionWriter take(Sink sink, TestRows rows) {
    sink.prepare(rows.schema());
    return sink.take(rows.partition());
  }

  private static long hits(OpenSearchTarget target, String query) {
    return target
        .http()
        .send("POST", "/" + target.index() + "/_search", "{\"query\":" + query + "}")
        .path("hits")
        .path("total")
        .path("value")
        .asLong();
  }
}

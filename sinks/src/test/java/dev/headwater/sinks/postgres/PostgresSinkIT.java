package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.LogTable.column;
import static dev.headwater.sinks.postgres.LogTable.enumColumn;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What a replica keeps beyond the contract of all sinks. */
class PostgresSinkIT {
  private static final ColumnSchema ID = column("id", "int8", "bigint");
  private static final ColumnSchema NAME = column("name", "text", "text");

  private final Replica replica = Replica.on(SharedServices.postgres());

  @Test
  void namesAreTakenAsTheyAre() {
    List<String> names =
        List.of("Mixed Case", "a.b", "\"quoted\"", "select", "\uD83D\uDE00", "é".repeat(31), "%s'");
    try (Sink sink = replica.open("odd names", "The \"Shop\" \uD83D\uDE00")) {
      for (String name : names) {
        LogTable table = new LogTable("public", name);
        sink.prepare(
            table.version(1, column(name, "int4", "integer"), column("ID", "text", "text"), ID));
        String escaped = name.replace("\"", "\\\"");
        String key = "{\"" + escaped + "\":1}";
        String row = "{\"" + escaped + "\":1,\"ID\":\"upper\",\"id\":2}";
        PartitionWriter writer = sink.take(table.partition());
        writer.apply(table.put(key, row).batch());
        for (int i = 0; i < 200; i++) {
          table.put(key.replace("1}", i + "}"), row.replace(":1,", ":" + i + ","));
        }
        writer.apply(table.batch());
        for (int i = 0; i < 150; i++) {
          table.delete(key.replace("1}", i + "}"));
        }
        writer.apply(table.batch());

        assertThat(
                replica.query(
                    "SELECT count(*), min(\"ID\"), min(id) FROM "
                        + SqlNames.qualified("The \"Shop\" \uD83D\uDE00", name)))
            .as(name)
            .containsExactly("50|upper|2");
      }
    }
  }

  @Test
  void newRowsAreCopiedStraightAndKnownOnesReplaced() {
    LogTable table = new LogTable("public", "orders");
    String stages = "SELECT count(*) FROM pg_class WHERE relname LIKE 'headwater_rows%'";
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID, NAME));
      PartitionWriter writer = sink.take(table.partition());
      putAll(table, 0, 500, "first");
      writer.apply(table.batch());
      assertThat(replica.query(stages)).as("no temporary table was needed").containsExactly("0");

      putAll(table, 250, 750, "second");
      for (int i = 0; i < 200; i++) {
        table.delete("{\"id\":" + i + "}");
      }
      writer.apply(table.batch());
      assertThat(replica.query(stages)).as("one was, for known keys").containsExactly("1");

      for (int more = 750; more < 1_500; more += 150) {
        putAll(table, more, more + 150, "third");
        writer.apply(table.batch());
      }
      assertThat(
              replica.query(
                  "SELECT name, count(*), min(id), max(id) FROM shop.orders GROUP BY 1 ORDER BY 1"))
          .containsExactly("first|50|200|249", "second|500|250|749", "third|750|750|1499");
    }
  }

  private static void putAll(LogTable table, int from, int to, String name) {
    for (int i = from; i < to; i++) {
      table.put("{\"id\":" + i + "}", "{\"id\":" + i + ",\"name\":\"" + name + "\"}");
    }
  }

  @Test
  void twoTablesOfOneNameAreRefused() {
    try (Sink sink = replica.open()) {
      sink.prepare(new LogTable("public", "orders").version(1, ID));

      HeadwaterException e =
          failure(() -> sink.prepare(new LogTable("sales", "orders").version(1, ID)));

      assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY);
      assertThat(e)
          .hasMessageContaining("shop.public.orders")
          .hasMessageContaining("shop.sales.orders");
    }
  }

  @Test
  void aTableItDidNotMakeIsLeftAlone() {
    replica.execute("CREATE SCHEMA shop");
    replica.execute("CREATE TABLE shop.orders (id int8 PRIMARY KEY)");
    try (Sink sink = replica.open()) {
      HeadwaterException e =
          failure(() -> sink.prepare(new LogTable("public", "orders").version(1, ID)));

      assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY);
      assertThat(e).hasMessageContaining("\"shop\".\"orders\"");
      assertThat(e.hint()).contains("source itself");
    }
  }

  @Test
  void oneSchemaHoldsOneSink() {
    try (Sink sink = replica.open("first", "shop");
        Sink other = replica.open("second", "shop")) {
      sink.prepare(new LogTable("public", "orders").version(1, ID));

      HeadwaterException e =
          failure(() -> other.prepare(new LogTable("public", "items").version(1, ID)));

      assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY);
      assertThat(e).hasMessageContaining("sink 'first'");
    }
  }

  @Test
  void aColumnThatComesLaterIsAddedAndOlderRowsLackIt() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(table.put("{\"id\":1}", "{\"id\":1}", 1).batch());

      sink.prepare(table.version(2, ID, NAME));
      writer.apply(
          table
              .put("{\"id\":2}", "{\"id\":2,\"name\":\"two\"}", 2)
              .put("{\"id\":3}", "{\"id\":3}", 1)
              .batch());

      assertThat(replica.query("SELECT * FROM shop.orders ORDER BY id"))
          .containsExactly("1|null", "2|two", "3|null");
    }
  }

  @Test
  void anOlderVersionIsReadIntoTheNewerTable() {
    LogTable table = new LogTable("public", "orders");
    ColumnSchema gone = column("gone", "int4", "integer");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(3, ID, NAME));
      sink.prepare(table.version(1, ID, gone));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(
          table
              .put("{\"id\":1}", "{\"id\":1,\"gone\":9}", 1)
              .put("{\"id\":2}", "{\"id\":2,\"name\":\"two\"}", 3)
              .delete("{\"id\":3}")
              .batch());

      assertThat(replica.query("SELECT * FROM shop.orders ORDER BY id"))
          .containsExactly("1|null", "2|two");
    }
  }

  @Test
  void otherChangesAskForARebuild() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID, NAME));

      HeadwaterException dropped = failure(() -> sink.prepare(table.version(2, ID)));
      HeadwaterException changed =
          failure(() -> sink.prepare(table.version(2, ID, column("name", "int4", "integer"))));
      HeadwaterException rekeyed = failure(() -> sink.prepare(table.version(2, NAME, ID)));

      for (HeadwaterException e : List.of(dropped, changed, rekeyed)) {
        assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY);
        assertThat(e).hasMessageContaining("needs a rebuild");
        assertThat(e.hint()).contains("headwater rebuild reporting");
      }
    }
  }

  @Test
  void labelsOfAnEnumAreFollowed() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID, enumColumn("mood", "public.mood", "bad", "good")));
      PartitionWriter writer = sink.take(table.partition());

      writer.apply(table.put("{\"id\":1}", "{\"id\":1,\"mood\":\"un'heard\"}").batch());
      sink.prepare(
          table.version(2, ID, enumColumn("mood", "public.mood", "awful", "bad", "so so", "good")));
      writer.apply(table.put("{\"id\":2}", "{\"id\":2,\"mood\":\"so so\"}", 2).batch());

      assertThat(replica.query("SELECT enum_range(NULL::shop_types.mood)"))
          .containsExactly("{awful,bad,\"so so\",good,un'heard}");
      assertThat(replica.query("SELECT id FROM shop.orders ORDER BY mood"))
          .containsExactly("2", "1");
    }
  }

  @Test
  void aRefusedRecordIsNamedWithoutItsValues() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID, column("name", "varchar", "character varying(3)")));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(table.put("{\"id\":0}", "{\"id\":0,\"name\":\"ok\"}").batch());
      FoldedBatch few = table.put("{\"id\":4711}", "{\"id\":4711,\"name\":\"secret\"}").batch();
      for (int i = 1; i <= 200; i++) {
        String name = i == 77 ? "secret" : "ok";
        table.put("{\"id\":" + i + "}", "{\"id\":%d,\"name\":\"%s\"}".formatted(i, name));
      }
      FoldedBatch many = table.batch();
      FoldedBatch manyFromHere =
          new FoldedBatch(many.partition(), 1, many.nextOffset(), many.rows(), many.checkpoint());

      HeadwaterException one = failure(() -> writer.apply(few));
      HeadwaterException staged = failure(() -> writer.apply(manyFromHere));

      for (HeadwaterException e : List.of(one, staged)) {
        StringWriter all = new StringWriter();
        e.printStackTrace(new PrintWriter(all));
        assertThat(e.code()).isEqualTo(FailureCode.RECORD_REFUSED);
        assertThat(e).hasMessageContaining("public.orders").hasMessageContaining("22001");
        assertThat(all.toString()).doesNotContain("secret").doesNotContain("4711");
      }
      assertThat(one).hasMessageContaining("at offset 1 ");
      assertThat(staged).hasMessageContaining("at offset 78 ");
      assertThat(replica.query("SELECT count(*) FROM shop.orders")).containsExactly("1");
      assertThat(writer.checkpoint().map(Checkpoint::nextOffset)).contains(1L);
    }
  }

  @Test
  void aDroppedTableIsMadeAgainAndItsFormerWriterFenced() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open();
        Sink restarted = replica.open()) {
      sink.prepare(table.version(1, ID));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(table.put("{\"id\":1}", "{\"id\":1}").batch());
      replica.execute("DROP TABLE shop.orders");

      restarted.prepare(table.version(1, ID));

      HeadwaterException e =
          failure(() -> writer.apply(table.put("{\"id\":2}", "{\"id\":2}").batch()));
      assertThat(e.code()).isEqualTo(FailureCode.FENCED);
      assertThat(restarted.take(table.partition()).checkpoint()).isEmpty();
      assertThat(replica.query("SELECT count(*) FROM shop.orders")).containsExactly("0");
    }
  }

  @Test
  void aWriterFollowsItsGenerationWhenTheNamesAreSwitched() {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, ID));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(table.put("{\"id\":1}", "{\"id\":1}").batch());

      replica.execute(
          "BEGIN;"
              + " SELECT pg_advisory_xact_lock(hashtextextended('headwater/reporting', 0));"
              + " ALTER SCHEMA shop RENAME TO shop_g1; CREATE SCHEMA shop;"
              + " CREATE TABLE shop.orders (LIKE shop_g1.orders INCLUDING ALL);"
              + " UPDATE headwater.generation SET schema_name = 'shop_g1', state = 'previous';"
              + " COMMIT");
      writer.apply(table.put("{\"id\":2}", "{\"id\":2}").batch());

      assertThat(replica.query("SELECT id FROM shop_g1.orders ORDER BY id"))
          .containsExactly("1", "2");
      assertThat(replica.query("SELECT count(*) FROM shop.orders")).containsExactly("0");
    }
  }

  @Test
  void aBatchWaitsForASwitchInProgress() throws Exception {
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = replica.open();
        Connection switching = replica.connect();
        Statement statement = switching.createStatement()) {
      sink.prepare(table.version(1, ID));
      PartitionWriter writer = sink.take(table.partition());
      switching.setAutoCommit(false);
      statement.execute("SELECT pg_advisory_xact_lock(hashtextextended('headwater/reporting', 0))");

      CompletableFuture<Void> batch =
          CompletableFuture.runAsync(
              () -> writer.apply(table.put("{\"id\":1}", "{\"id\":1}").batch()));
      while (replica
          .query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
          .isEmpty()) {
        assertThat(batch).isNotDone();
      }
      statement.execute("ALTER SCHEMA shop RENAME TO shop_g1");
      statement.execute("UPDATE headwater.generation SET schema_name = 'shop_g1'");
      switching.commit();
      batch.join();

      assertThat(replica.query("SELECT count(*) FROM shop_g1.orders")).containsExactly("1");
    }
  }

  @Test
  void keysThatPostgresTakesForOneDoNotDeleteEachOthersRow() {
    LogTable table = new LogTable("public", "prices");
    ColumnSchema price = column("price", "numeric", "numeric");
    try (Sink sink = replica.open()) {
      sink.prepare(table.version(1, price));
      PartitionWriter writer = sink.take(table.partition());
      writer.apply(table.put("{\"price\":\"1.0\"}", "{\"price\":\"1.0\"}").batch());

      writer.apply(
          table
              .put("{\"price\":\"1.00\"}", "{\"price\":\"1.00\"}")
              .delete("{\"price\":\"1.0\"}")
              .batch());
      for (int i = 0; i < 200; i++) {
        table.delete("{\"price\":\"1.%s\"}".formatted("0".repeat(i + 3)));
      }
      writer.apply(table.batch());

      assertThat(replica.query("SELECT price FROM shop.prices")).containsExactly("1.00");
    }
  }

  @Test
  void aRoleWithoutRightsIsToldTheGrant() {
    String role = "poor_" + replica.database();
    replica.execute("CREATE ROLE " + role + " LOGIN");
    LogTable table = new LogTable("public", "orders");
    try (Sink sink = new PostgresSink(replica.config("reporting", "shop", role))) {
      HeadwaterException e = failure(() -> sink.prepare(table.version(1, ID)));
      assertThat(e.code()).isEqualTo(FailureCode.TARGET_NOT_READY);
      String grant = "CREATE SCHEMA \"headwater\" AUTHORIZATION \"" + role + "\";";
      assertThat(e.hint())
          .contains(grant)
          .contains("GRANT CREATE, TEMPORARY ON DATABASE \"" + replica.database() + "\"");
      String sql = e.hint().substring(e.hint().indexOf("CREATE"), e.hint().indexOf(" (or"));

      replica.execute(sql);

      sink.prepare(table.version(1, ID, enumColumn("mood", "public.mood", "good")));
      PartitionWriter writer = sink.take(table.partition());
      for (int i = 0; i < 200; i++) {
        table.put("{\"id\":" + i + "}", "{\"id\":" + i + ",\"mood\":\"bad\"}");
      }
      writer.apply(table.batch());
      assertThat(replica.query("SELECT count(*) FROM shop.orders")).containsExactly("200");
    }
  }

  @Test
  void manyProcessesMayPrepareAtOnce() {
    LogTable table = new LogTable("public", "orders");
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      all.add(
          CompletableFuture.runAsync(
              () -> {
                try (Sink sink = replica.open()) {
                  sink.prepare(table.version(1, ID, enumColumn("mood", "public.mood", "good")));
                  sink.prepare(
                      table.version(2, ID, enumColumn("mood", "public.mood", "good"), NAME));
                }
              }));
    }

    all.forEach(CompletableFuture::join);

    assertThat(replica.query("SELECT generation, schema_name, state FROM headwater.generation"))
        .containsExactly("1|shop|serving");
  }

  @Test
  void aTargetKilledInTheMiddleOfBatchesLosesAndDoublesNothing() {
    LogTable table = new LogTable("public", "orders");
    int batches = 40;
    List<FoldedBatch> log = new ArrayList<>();
    for (int batch = 0; batch < batches; batch++) {
      for (int i = 0; i < 2_000; i++) {
        int id = (batch * 1_000 + i) % 30_000;
        if (i % 7 == 0) {
          table.delete("{\"id\":" + id + "}");
        } else {
          table.put("{\"id\":" + id + "}", "{\"id\":%d,\"name\":\"%d\"}".formatted(id, batch));
        }
      }
      log.add(table.batch());
    }
    try (Replica victim = Replica.alone();
        Sink sink = victim.open()) {
      sink.prepare(table.version(1, ID, NAME));
      Thread killer =
          new Thread(
              () -> {
                for (int kill = 0; kill < 3; kill++) {
                  try {
                    Thread.sleep(400);
                  } catch (InterruptedException e) {
                    return;
                  }
                  victim.server().kill();
                  victim.server().restart();
                }
              },
              "killer");
      killer.start();

      applyAll(sink, table, log);

      join(killer);
      applyAll(sink, table, log);
      List<String> found = victim.query("SELECT id, name FROM shop.orders ORDER BY id");
      List<String> expected = expected(log);
      assertThat(found).isEqualTo(expected);
    }
  }

  /** What a worker does: from the stored checkpoint on, the same again while the target is away. */
  private static void applyAll(Sink sink, LogTable table, List<FoldedBatch> log) {
    PartitionWriter writer = take(sink, table);
    int next = 0;
    while (next < log.size()) {
      FoldedBatch batch = log.get(next);
      long at = writer.checkpoint().map(Checkpoint::nextOffset).orElse(0L);
      if (batch.fromOffset() < at) {
        next++;
        continue;
      }
      try {
        writer.apply(batch);
        next++;
      } catch (HeadwaterException e) {
        if (e.code() == FailureCode.FENCED) {
          writer = take(sink, table);
          next = 0;
        } else {
          assertThat(e.code()).as(e.toString()).isEqualTo(FailureCode.TARGET_UNREACHABLE);
        }
      }
    }
  }

  private static PartitionWriter take(Sink sink, LogTable table) {
    while (true) {
      try {
        return sink.take(table.partition());
      } catch (HeadwaterException e) {
        assertThat(e.code()).as(e.toString()).isEqualTo(FailureCode.TARGET_UNREACHABLE);
      }
    }
  }

  private static List<String> expected(List<FoldedBatch> log) {
    TreeMap<Long, String> rows = new TreeMap<>();
    for (FoldedBatch batch : log) {
      for (var row : batch.rows()) {
        String key = new String(row.key(), UTF_8);
        long id = Long.parseLong(key.substring(6, key.length() - 1));
        byte[] value = row.value();
        if (value == null) {
          rows.remove(id);
        } else {
          String text = new String(value, UTF_8);
          rows.put(id, text.substring(text.lastIndexOf(":\"") + 2, text.length() - 2));
        }
      }
    }
    return rows.entrySet().stream().map(row -> row.getKey() + "|" + row.getValue()).toList();
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static HeadwaterException failure(ThrowingCallable call) {
    HeadwaterException e = catchThrowableOfType(HeadwaterException.class, call);
    assertThat(e).isNotNull();
    return e;
  }
}

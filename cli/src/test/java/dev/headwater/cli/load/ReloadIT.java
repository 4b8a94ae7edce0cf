package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.cli.FreshName;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.snapshot.LoadRequest;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.snapshot.SnapshotConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tables that are loaded again, and tables that join while others stream. */
@Timeout(240)
class ReloadIT {
  private static final SnapshotConfig SMALL = new SnapshotConfig(2, 300, 1 << 20, 0, 1L << 30);

  @Test
  void aReloadBringsWhatWasMissedAndDeletesWhatIsGone() throws Exception {
    String name = FreshName.of("again");
    String url = OddTablesIT.create(name);
    OddTablesIT.execute(
        url,
        "CREATE TABLE t (a text, b bytea, v text, PRIMARY KEY (a, b))",
        "INSERT INTO t SELECT 'k' || i, decode(lpad(to_hex(i), 8, '0'), 'hex'), 'old'"
            + " FROM generate_series(1, 2000) i",
        "CREATE TABLE other (id int PRIMARY KEY)",
        "INSERT INTO other SELECT generate_series(1, 500)");
    try (LoadBench bench = bench(name, List.of("public.t", "public.other"))) {
      bench.awaitLoaded(Duration.ofMinutes(1));
      missed(
          url,
          name,
          "DELETE FROM t WHERE a IN ('k1', 'k2', 'k1500')",
          "UPDATE t SET v = 'missed' WHERE a IN ('k3', 'k1600')");

      request(
          bench, new LoadRequest("part", List.of(name + ".public.t"), Optional.of("a < 'k15'")));
      // Seen by the reload only where the condition holds; deleted wherever the source has it not.
      assertThat(rows(name).values().stream().filter(v -> v.contains("missed"))).isEmpty();
      assertThat(rows(name)).hasSize(1997);

      request(bench, new LoadRequest("whole", List.of(name + ".public.t"), Optional.empty()));
      assertThat(rows(name).values().stream().filter(v -> v.contains("missed"))).hasSize(2);
      assertThat(rows(name)).hasSize(1997);
      assertThat(FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, "other")).records)
          .containsEntry("r", 500);

      try (ControlBoard control = new ControlBoard(bench.log);
          StatusBoard status = new StatusBoard(bench.log)) {
        LoadRequest wrong =
            new LoadRequest("wrong", List.of(name + ".public.t"), Optional.of("nothing = 1"));
        control.desire(LoadRequest.componentsOf(name) + "wrong", wrong.json());
        String component = LoadRequest.componentsOf(name) + "wrong";
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!status.read().containsKey(component) && System.nanoTime() < deadline) {
          Thread.sleep(100);
        }
        assertThat(status.read().get(component)).contains("refused").contains("nothing");
      }
    }
  }

  @Test
  void aTableJoinsWhileOthersStreamAndWaitsForTransactionsThatRan() throws Exception {
    String name = FreshName.of("joins");
    String url = OddTablesIT.create(name);
    OddTablesIT.execute(
        url,
        "CREATE TABLE first (id int PRIMARY KEY)",
        "CREATE TABLE second (id int PRIMARY KEY)",
        "INSERT INTO first VALUES (1)",
        "INSERT INTO second SELECT generate_series(1, 100)");
    try (LoadBench bench = bench(name, List.of("public.first"))) {
      bench.awaitLoaded(Duration.ofMinutes(1));
    }
    try (Connection writer = DriverManager.getConnection(url + "&ApplicationName=slow-writer");
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("INSERT INTO second VALUES (1001)");
      try (LoadBench bench = bench(name, List.of("public.first", "public.second"))) {
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!bench.worker.status().detail().contains("slow-writer")
            && System.nanoTime() < deadline) {
          Thread.sleep(50);
        }
        assertThat(bench.worker.status().detail()).contains("slow-writer");
        // Others stream meanwhile.
        OddTablesIT.execute(url, "INSERT INTO first VALUES (2)");
        awaitRow(name, "first", "{\"id\":2}");
        assertThat(bench.engine.report().isIdle()).isFalse();

        writer.commit();
        bench.awaitLoaded(Duration.ofMinutes(1));
        assertThat(FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, "second")).rows)
            .hasSize(101)
            .containsKey("{\"id\":1001}");
      }
    }
  }

  private static LoadBench bench(String name, List<String> tables) {
    return new LoadBench(
            LoadBench.config(name, SharedServices.postgres().port(), name, tables),
            SMALL,
            OddTablesIT.brokers())
        .start();
  }

  /** Changes that the stream never brings: what a lost slot does. */
  private static void missed(String url, String name, String... statements) throws Exception {
    OddTablesIT.execute(url, "ALTER PUBLICATION headwater_" + name + " DROP TABLE t");
    OddTablesIT.execute(url, statements);
    OddTablesIT.execute(url, "ALTER PUBLICATION headwater_" + name + " ADD TABLE t");
  }

  private static void request(LoadBench bench, LoadRequest request) throws Exception {
    SnapshotStore store = new SnapshotStore(bench.log);
    try (ControlBoard control = new ControlBoard(bench.log)) {
      control.desire(LoadRequest.componentsOf(bench.name) + request.id(), request.json());
      long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
      while (System.nanoTime() < deadline) {
        assertThat(bench.failure).isNull();
        TableLoad load = store.loads().get(request.tables().get(0));
        if (load.state() == TableLoad.State.COMPLETE
            && load.reload() != null
            && load.reload().request().equals(request.id())) {
          return;
        }
        Thread.sleep(100);
      }
      throw new AssertionError("not reloaded: " + bench.engine.report());
    }
  }

  private static java.util.Map<String, String> rows(String name) throws Exception {
    return FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, "t")).rows;
  }

  private static void awaitRow(String name, String table, String key) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
    while (!FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, table))
            .rows
            .containsKey(key)
        && System.nanoTime() < deadline) {
      Thread.sleep(100);
    }
    assertThat(FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(name, table)).rows)
        .containsKey(key);
  }
}

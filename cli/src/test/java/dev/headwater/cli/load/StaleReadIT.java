package dev.headwater.cli.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.snapshot.LoadRequest;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.snapshot.SnapshotConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A commit that waits for a standby is streamed long before anybody can see it: whoever reads the
 * row meanwhile reads the one before.
 */
@Timeout(240)
class StaleReadIT {
  private static final String NAME = "stale";
  private static final String GHOST =
      "SELECT 1 WHERE current_setting('synchronous_standby_names') = 'ghost'";
  private static final String WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

  private final AtomicInteger windows = new AtomicInteger();
  private String url = "";

  @Test
  void aReadDoesNotOverwriteAChangeThatWasStreamedBeforeItCouldBeSeen() throws Exception {
    try (PostgresServer server = PostgresServer.start()) {
      String who = "?user=" + PostgresServer.USER + "&password=" + PostgresServer.PASSWORD;
      OddTablesIT.execute(server.jdbcUrl("postgres") + who, "CREATE DATABASE " + NAME);
      url = server.jdbcUrl(NAME) + who;
      OddTablesIT.execute(
          url,
          "CREATE TABLE t (id int PRIMARY KEY, v text)",
          "INSERT INTO t VALUES (1, 'old'), (2, 'gone')");
      try (LoadBench bench =
          new LoadBench(
                  LoadBench.config(NAME, server.port(), NAME, List.of("public.t")),
                  SnapshotConfig.DEFAULT,
                  OddTablesIT.brokers(),
                  this::counted)
              .start()) {
        bench.awaitLoaded(Duration.ofMinutes(1));
        OddTablesIT.execute(
            url, "ALTER SYSTEM SET synchronous_standby_names = 'ghost'", "SELECT pg_reload_conf()");
        await("the setting", () -> has(GHOST));
        CompletableFuture<Void> writer = CompletableFuture.runAsync(this::change);
        await("the writer waits for its standby", () -> has(WAITS));
        Map<String, String> changed = Map.of("{\"id\":1}", "{\"id\":1,\"v\":\"new\"}");
        await("the change is streamed", () -> log().rows.equals(changed));
        assertThat(has("SELECT 1 FROM t WHERE id = 2")).as("and not to be seen").isTrue();

        int before = windows.get();
        request(bench);
        await("it was read more than once", () -> isLoaded(bench) || windows.get() > before + 2);
        OddTablesIT.execute(
            url,
            "SET synchronous_commit = local",
            "ALTER SYSTEM RESET synchronous_standby_names",
            "SELECT pg_reload_conf()");
        writer.join();
        await("it is loaded again", () -> isLoaded(bench));

        assertThat(log().rows).isEqualTo(changed);
      }
    }
  }

  private LoadSession counted(LoadSession session) {
    return ObservedSession.of(
        session,
        method -> {
          if (method.equals("openWindow")) {
            windows.incrementAndGet();
          }
          return Optional.empty();
        });
  }

  private void change() {
    try {
      OddTablesIT.execute(
          url, "BEGIN; UPDATE t SET v = 'new' WHERE id = 1; DELETE FROM t WHERE id = 2; COMMIT");
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static void request(LoadBench bench) {
    LoadRequest again = new LoadRequest("again", List.of(NAME + ".public.t"), Optional.empty());
    try (ControlBoard control = new ControlBoard(bench.log)) {
      control.desire(LoadRequest.componentsOf(NAME) + again.id(), again.json());
    }
  }

  private static boolean isLoaded(LoadBench bench) {
    TableLoad load = new SnapshotStore(bench.log).loads().get(NAME + ".public.t");
    return load.state() == TableLoad.State.COMPLETE
        && load.reload() != null
        && load.reload().request().equals("again");
  }

  private static FoldedLog log() throws Exception {
    return FoldedLog.of(OddTablesIT.brokers(), OddTablesIT.topic(NAME, "t"));
  }

  private boolean has(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery(sql)) {
      return rs.next();
    }
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("waiting: " + what).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}

package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.ServerOptions;
import dev.headwater.devservices.SharedServices;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoadJson;
import dev.headwater.log.topic.TopicNames;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens to the slot, and to the server behind it. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class SlotIT {
  private static final String DROP =
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ="
          + " 'headwater_%s'";

  private static CapturedSource capturing(PostgresServer server) throws Exception {
    CapturedSource source = CapturedSource.on(server);
    source.sql("CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (0, 'old')");
    source.start("public.t");
    source.sql("INSERT INTO t VALUES (1, 'before')");
    source.awaitLog();
    return source;
  }

  @Test
  void walsendersThatDieAndAServerThatRestartsAreLivedThrough() throws Exception {
    try (PostgresServer server = PostgresServer.start();
        CapturedSource source = capturing(server)) {
      for (int i = 10; i < 16; i++) {
        source.sql("INSERT INTO t SELECT g, 'x' FROM generate_series(" + i + "00, " + i + "50) g");
        source.sql(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                + " WHERE active_pid IS NOT NULL");
      }
      source.awaitLog();
      server.kill();
      server.restart();
      source.sql("INSERT INTO t VALUES (2, 'after')", "UPDATE t SET v = 'changed' WHERE id = 1");
      source.awaitLog();

      List<LogTopic.Entry> records = source.topic("t").records();
      assertThat(records).hasSize(1 + 6 * 51 + 2);
      assertThat(records).extracting(LogTopic.Entry::seq).doesNotHaveDuplicates().isSorted();
    }
  }

  @Test
  void a2_onSeventeenTheSlotIsOneThatStandbysKeep() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      assumeTrue(
          SharedServices.postgres().majorVersion() >= 17, "PostgreSQL 17 has failover slots");
      source.start();
      assertThat(
              source.query(
                  "SELECT failover FROM pg_replication_slots WHERE slot_name = 'headwater_"
                      + source.name()
                      + "'"))
          .containsExactly("t");
    }
  }

  /**
   * A server that recovers to the end of its WAL goes on under a new timeline, as a standby does.
   */
  @Test
  void a2_aPromotedServerIsGoneOnWithWhereItsHistoryIsTheLogs() throws Exception {
    try (PostgresServer server =
            PostgresServer.start(
                ServerOptions.defaults().withSetting("restore_command", "/bin/false"));
        CapturedSource source = capturing(server)) {
      source.stop();
      // Through the server, whose directory may be in a container; it is looked at when one starts.
      String directory = source.query("SHOW data_directory").get(0);
      source.sql("COPY (SELECT 1 WHERE false) TO '" + directory + "/recovery.signal'");
      server.restart();
      source.await("the promotion", () -> has(source, "SELECT 1 WHERE NOT pg_is_in_recovery()"));
      assertThat(has(source, "SELECT 1 WHERE pg_walfile_name(pg_current_wal_lsn()) < '00000002'"))
          .isFalse();
      source.sql("INSERT INTO t VALUES (2, 'after')");
      source.restart();
      source.awaitLog();

      assertThat(source.topic("t").rows()).containsKeys("{\"id\":1}", "{\"id\":2}");
      assertThat(source.topic("t").records()).hasSize(2);
    }
  }

  /** Each would cost the brokers nearly what one with rows does. */
  @Test
  void transactionsThatAreNoneOfOursAreNoTransactionsOfTheLog() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.sql("CREATE TABLE other (n int)");
      source.awaitLog();
      long before = CompactedTopic.end(source.log(), TopicNames.POSITIONS);
      long begun = System.nanoTime();
      for (int i = 0; i < 400; i++) {
        source.sql("INSERT INTO other VALUES (" + i + ")");
      }
      String written = source.query("SELECT pg_current_wal_lsn()::text").get(0);
      // No row follows that would take the position along.
      source.await("the position", () -> !source.status().endLsn().isBefore(Lsn.parse(written)));
      long periods = (System.nanoTime() - begun) / BatchWriter.POSITION_EVERY.toNanos() + 1;
      // Each transaction is a record and its end.
      long committed = (CompactedTopic.end(source.log(), TopicNames.POSITIONS) - before) / 2;

      assertThat(committed).isBetween(1L, periods + 1);
      assertThat(periods).isLessThan(100);
    }
  }

  @Test
  void aMarkThatSomebodyWaitsForIsPassedSoonerThanAPositionThatNobodyDoes() throws Exception {
    int marks = 8;
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.awaitLog();
      long begun = System.nanoTime();
      for (int i = 0; i < marks; i++) {
        Lsn mark = SourceMarker.write(source.config());
        source.await("the mark", () -> !source.status().endLsn().isBefore(mark));
      }

      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isLessThan(BatchWriter.POSITION_EVERY.multipliedBy(marks - 1));
    }
  }

  private static boolean has(CapturedSource source, String sql) {
    try {
      return !source.query(sql).isEmpty();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aSlotThatIsAheadOfOurPositionIsBegunAnew() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.stop();
      source.sql("INSERT INTO t VALUES (2, 'missed')");
      source.sql(
          "SELECT pg_replication_slot_advance('headwater_"
              + source.name()
              + "', pg_current_wal_lsn())");
      requireBegunAnew(source);
    }
  }

  @Test
  void aSlotThatIsGoneIsBegunAnew() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.stop();
      source.sql(DROP.formatted(source.name()));
      requireBegunAnew(source);
    }
  }

  @Test
  void aPositionOfAnotherDatabaseIsRefused() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.stop();
      tellPosition(source, SlotIT::ofAnotherSystem);
      source.launch();

      assertThat(source.awaitFailure().code()).isEqualTo(FailureCode.SOURCE_GAP);
      assertThat(source.topic("t").records()).hasSize(1);
    }
  }

  /** As a server is that was restored from an older backup. */
  @Test
  void aServerThatEndsBeforeOurPositionIsBegunAnew() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.stop();
      tellPosition(
          source,
          p -> SourcePosition.atEnd(p.source(), new Lsn(p.endLsn().value() + (1L << 40)), p.seq()));
      requireBegunAnew(source);
    }
  }

  @Test
  void aServerWhoseHistoryWasNeverOursIsBegunAnew() throws Exception {
    try (CapturedSource source = capturing(SharedServices.postgres())) {
      source.stop();
      tellPosition(source, SlotIT::ofAnotherTimeline);
      requireBegunAnew(source);
    }
  }

  private static SourcePosition ofAnotherSystem(SourcePosition p) {
    SourceIdentity s = p.source();
    return SourcePosition.atEnd(
        new SourceIdentity("1", s.timeline(), s.database(), s.slot(), s.publication()),
        p.endLsn(),
        p.seq());
  }

  private static SourcePosition ofAnotherTimeline(SourcePosition p) {
    SourceIdentity s = p.source();
    return SourcePosition.atEnd(
        new SourceIdentity(
            s.systemIdentifier(), s.timeline() + 7, s.database(), s.slot(), s.publication()),
        p.endLsn(),
        p.seq());
  }

  /** Has the log stand elsewhere than it does. */
  private static void tellPosition(CapturedSource source, UnaryOperator<SourcePosition> told) {
    try (LogAppender appender = LogAppender.open(source.log(), source.name())) {
      SourcePosition position = told.apply(appender.position().orElseThrow());
      appender.commit(position.source(), position.endLsn(), null);
    }
  }

  @Test
  void a3_overASlotThatTheServerGaveUpItBeginsAnew() throws Exception {
    try (PostgresServer server =
            PostgresServer.start(
                ServerOptions.defaults().withSetting("max_slot_wal_keep_size", "16MB"));
        CapturedSource source = capturing(server)) {
      source.stop();
      for (int i = 0; i < 6; i++) {
        source.sql("SELECT pg_switch_wal()", "CREATE TABLE fill" + i + " (a int)");
      }
      source.sql("CHECKPOINT");
      assertThat(has(source, "SELECT 1 FROM pg_replication_slots WHERE wal_status = 'lost'"))
          .isTrue();
      requireBegunAnew(source);
      assertThat(has(source, "SELECT 1 FROM pg_replication_slots WHERE wal_status = 'lost'"))
          .isFalse();
    }
  }

  /** A slot that is being made waits for transactions; its session is ended meanwhile. */
  @Test
  void aNewBeginningThatIsCutShortIsBegunAgain() throws Exception {
    try (CapturedSource source = capturing(dev.headwater.devservices.SharedServices.postgres());
        Connection writer = source.connect();
        Statement open = writer.createStatement()) {
      source.stop();
      source.sql(DROP.formatted(source.name()));
      markLoaded(source);
      writer.setAutoCommit(false);
      open.execute("INSERT INTO t VALUES (2, 'not committed yet')");
      source.launch();
      String making =
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE"
              + " '%pg_create_logical_replication_slot%' AND pid <> pg_backend_pid()";
      source.await("making a slot", () -> has(source, making));
      assertThat(state(source)).isEqualTo(TableLoad.State.WANTED);
      source.sql(making.replaceFirst("pid", "pg_terminate_backend(pid)"));
      source.await("another try", () -> source.status().state() == CaptureStatus.State.RETRYING);
      writer.rollback();
      source.await("streaming", () -> source.status().state() == CaptureStatus.State.STREAMING);
      requireAnew(source);
    }
  }

  /** The log says that the table was loaded whole. */
  private static void markLoaded(CapturedSource source) throws Exception {
    TableLoad load = new TableLoad(TableLoad.State.COMPLETE, null, null, 2, 20, 1);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            source.log().clientProperties(),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  TopicNames.SNAPSHOTS,
                  tableName(source).getBytes(StandardCharsets.UTF_8),
                  TableLoadJson.write(load)))
          .get(30, TimeUnit.SECONDS);
    }
  }

  private static TableLoad.State state(CapturedSource source) {
    return new SnapshotStore(source.log()).loads().get(tableName(source)).state();
  }

  private static String tableName(CapturedSource source) {
    return source.name() + ".public.t";
  }

  private static void requireBegunAnew(CapturedSource source) throws Exception {
    markLoaded(source);
    source.restart();
    requireAnew(source);
  }

  private static void requireAnew(CapturedSource source) throws Exception {
    assertThat(state(source)).as("to be loaded again").isEqualTo(TableLoad.State.WANTED);
    source.sql("INSERT INTO t VALUES (77, 'after')");
    source.awaitLog();
    assertThat(source.topic("t").rows()).containsKeys("{\"id\":1}", "{\"id\":77}");
  }

  @Test
  void a4_aSlotOverItsBudgetIsToldAndGivenUpWhereThatIsAsked() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    try (PostgresServer server = PostgresServer.start();
        CapturedSource source = CapturedSource.on(server)) {
      source
          .slot(40L << 20, CaptureConfig.OverBudget.GIVE_UP_SLOT)
          .wrap(delegate -> new Stuck(delegate, held));
      source.sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
      source.start("public.t");
      source.sql("INSERT INTO t SELECT g, repeat('x', 900) FROM generate_series(1, 38000) g");
      source.await("a warning", () -> source.status().problems().containsKey("slot"));
      source.sql("INSERT INTO t SELECT g, repeat('x', 900) FROM generate_series(50001, 70000) g");
      source.await("the slot is gone", () -> slots(source).isEmpty());
    } finally {
      held.countDown();
    }
  }

  private static List<String> slots(CapturedSource source) {
    try {
      return source.query("SELECT slot_name FROM pg_replication_slots");
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** A log that takes nothing. */
  private record Stuck(ChangeSource delegate, CountDownLatch held) implements ChangeSource {
    @Override
    public void stream(Receiver receiver) throws InterruptedException {
      delegate.stream(
          chunks -> {
            held.await();
            return receiver.receive(chunks);
          });
    }

    @Override
    public void close() {
      delegate.close();
    }
  }
}

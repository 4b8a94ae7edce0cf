package dev.headwater.log.append;

import static dev.headwater.log.TestLog.SOURCE;
import static dev.headwater.log.TestLog.row;
import static dev.headwater.log.TestLog.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import dev.headwater.log.replay.CompactedTopic;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogAppenderIT {
  private final String connector = TestLog.connector();
  private final TableId table = TestLog.table(connector);
  private LogConnection log;
  private TopicInfo topic;

  @BeforeEach
  void open() {
    log = TestLog.shared();
    topic = new Topics(log).ensureTable(table, 1);
  }

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void committedRowsCarryTheContractsHeadersInItsOrder() {
    try (LogAppender appender = LogAppender.open(log, connector)) {
      appender.appendRow(topic, row(1, "{\"id\":1}"));
      appender.appendRow(
          topic,
          new RowRecord(
              utf8("{\"id\":2}"), null, 'd', Lsn.parse("16/B374D848"), 99, 0, 12, "[\"a\"]"));
      appender.commit(SOURCE, new Lsn(2), null);
    }

    List<LogRecord> records = TestLog.readAll(log, table, topic);
    assertThat(TestLog.values(records)).containsExactly("{\"id\":1}", "-");
    LogRecord first = records.get(0);
    assertThat(first.seq()).isEqualTo(1);
    assertThat(first.op()).isEqualTo('c');
    assertThat(first.timestamp()).isEqualTo(1_700_000_000_001L);
    assertThat(first.nulls()).isEmpty();
    LogRecord second = records.get(1);
    assertThat(second.seq()).isEqualTo(2);
    assertThat(second.op()).isEqualTo('d');
    assertThat(second.lsn()).isEqualTo("16/B374D848");
    assertThat(second.txid()).isEqualTo(99);
    assertThat(second.tsMs()).isZero();
    assertThat(second.schemaVersion()).isEqualTo(12);
    assertThat(second.nulls()).contains("[\"a\"]");
  }

  @Test
  void theNextAppenderFindsThePositionAndCountsOn() {
    RunningTransaction running = new RunningTransaction(new Lsn(50), 7, 3, new Lsn(40));
    try (LogAppender appender = LogAppender.open(log, connector)) {
      assertThat(appender.position()).isEmpty();
      appender.appendRow(topic, row(1, "a"));
      appender.commit(SOURCE, new Lsn(10), null);
      appender.appendRow(topic, row(2, "b"));
      appender.commit(SOURCE, new Lsn(10), running);
    }

    try (LogAppender appender = LogAppender.open(log, connector)) {
      assertThat(appender.position()).contains(new SourcePosition(SOURCE, new Lsn(10), running, 2));
      appender.appendRow(topic, row(3, "c"));
      appender.commit(SOURCE, new Lsn(60), null);
    }
    assertThat(TestLog.readAll(log, table, topic).stream().map(LogRecord::seq))
        .containsExactly(1L, 2L, 3L);
  }

  @Test
  void schemaSnapshotStateRowsAndPositionAppearTogetherOrNotAtAll() {
    try (LogAppender appender = LogAppender.open(log, connector)) {
      appender.appendSchema(TestLog.schema(table, 1));
      appender.appendSnapshotState(table.toString(), utf8("{}"));
      appender.appendRow(topic, row(1, "a"));
    }
    assertThat(new SchemaStore(log).find(table, 1)).isEmpty();
    assertThat(CompactedTopic.read(log, TopicNames.SNAPSHOTS)).doesNotContainKey(table.toString());
    assertThat(TestLog.readAll(log, table, topic)).isEmpty();

    SchemaStore schemas = new SchemaStore(log);
    assertThat(schemas.find(table, 1)).isEmpty();
    try (LogAppender appender = LogAppender.open(log, connector)) {
      assertThat(appender.position()).isEmpty();
      appender.appendSchema(TestLog.schema(table, 1));
      appender.appendSchema(TestLog.schema(table, 2));
      appender.appendSnapshotState(table.toString(), utf8("{}"));
      appender.commit(SOURCE, new Lsn(1), null);
    }
    assertThat(schemas.find(table, 1)).contains(TestLog.schema(table, 1));
    assertThat(schemas.latest()).containsEntry(table, TestLog.schema(table, 2));
    assertThat(CompactedTopic.read(log, TopicNames.SNAPSHOTS)).containsKey(table.toString());
  }

  @Test
  void aSecondAppenderFencesTheFirstWhoseRowsNobodySees() {
    try (LogAppender first = LogAppender.open(log, connector)) {
      first.appendRow(topic, row(1, "kept"));
      first.commit(SOURCE, new Lsn(1), null);
      first.appendRow(topic, row(2, "lost"));

      try (LogAppender second = LogAppender.open(log, connector)) {
        assertThat(second.position()).contains(SourcePosition.atEnd(SOURCE, new Lsn(1), 1));
        assertThatThrownBy(() -> first.commit(SOURCE, new Lsn(2), null))
            .isInstanceOfSatisfying(
                HeadwaterException.class, e -> assertThat(e.code()).isEqualTo(FailureCode.FENCED));
        assertThatThrownBy(() -> first.appendRow(topic, row(3, "dead")))
            .isInstanceOf(IllegalStateException.class);
        second.appendRow(topic, row(2, "again"));
        second.commit(SOURCE, new Lsn(2), null);
      }
    }
    List<LogRecord> seen = TestLog.readAll(log, table, topic);
    assertThat(TestLog.values(seen)).containsExactly("kept", "again");
    assertThat(seen.get(1).seq()).isEqualTo(2);
  }

  /**
   * The brokers speak of a fence here as well; taken for one, capture would end for good because a
   * laptop slept.
   */
  @Test
  void aTransactionThatTheBrokersEndedIsNoFence() throws Exception {
    try (LogConnection hasty =
            LogConnection.open(
                TestLog.shared(
                    Map.of(
                        "transaction.timeout.ms",
                        new Secret("1000"),
                        "batch.size",
                        new Secret("1"))));
        LogAppender appender = LogAppender.open(hasty, connector)) {
      appender.appendRow(topic, row(1, "stood still too long"));
      awaitEnded(hasty);

      assertThatThrownBy(() -> appender.commit(SOURCE, new Lsn(1), null))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_OUTCOME_UNKNOWN));
    }
    requireNothingKept();
  }

  private void awaitEnded(LogConnection hasty) throws Exception {
    String id = "headwater-" + connector;
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!hasty
        .admin()
        .describeTransactions(List.of(id))
        .description(id)
        .get()
        .state()
        .toString()
        .equals("CompleteAbort")) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(200);
    }
  }

  /**
   * All connectors share one topic of positions. An open transaction of another one hides what
   * follows it from readers of what is committed; a position read up to there would be an old one.
   */
  @Test
  void thePositionIsNotHiddenByAnothersOpenTransaction() throws Exception {
    try (LogAppender warmUp = LogAppender.open(log, connector)) {
      warmUp.commit(SOURCE, new Lsn(1), null);
    }
    Map<String, Object> other = log.clientProperties();
    other.put("transactional.id", "other-" + connector);
    try (KafkaProducer<byte[], byte[]> open =
        new KafkaProducer<>(other, new ByteArraySerializer(), new ByteArraySerializer())) {
      open.initTransactions();
      try (LogAppender appender = LogAppender.open(log, connector)) {
        open.beginTransaction();
        open.send(new ProducerRecord<>(TopicNames.POSITIONS, utf8("other"), utf8("{}"))).get();
        appender.commit(SOURCE, new Lsn(2), null);
      }
      Thread ending =
          new Thread(
              () -> {
                try {
                  Thread.sleep(1_500);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                open.abortTransaction();
              },
              "test/abort");
      ending.start();

      try (LogAppender appender = LogAppender.open(log, connector)) {
        assertThat(appender.position().map(SourcePosition::endLsn)).contains(new Lsn(2));
      }
      ending.join();
    }
  }

  @Test
  void aRowThatIsTooLargeIsRefusedByNameAndNothingOfItsBatchIsKept() {
    try (LogConnection narrow =
            LogConnection.open(TestLog.shared(Map.of("max.request.size", new Secret("20000"))));
        LogAppender appender = LogAppender.open(narrow, connector)) {
      appender.appendRow(topic, row(1, "small"));

      assertThatThrownBy(
              () -> {
                appender.appendRow(topic, row(2, "x".repeat(30_000)));
                appender.commit(SOURCE, new Lsn(2), null);
              })
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.CHANGE_NOT_WRITABLE))
          .hasMessageContaining(topic.name());
    }
    requireNothingKept();
  }

  @Test
  void aRowOfFortyMegabytesAndATimeAheadOfTheBrokersAreTaken() {
    String large = "x".repeat(40 << 20);
    long tomorrow = System.currentTimeMillis() + Duration.ofDays(1).toMillis();
    try (LogAppender appender = LogAppender.open(log, connector)) {
      appender.appendRow(topic, row(1, large));
      appender.appendRow(
          topic, new RowRecord(utf8("{}"), utf8("{}"), 'c', new Lsn(1), 1, tomorrow, 1, null));
      appender.commit(SOURCE, new Lsn(2), null);
    }

    List<LogRecord> records = TestLog.readAll(log, table, topic);
    assertThat(records).hasSize(2);
    assertThat(records.get(0).value()).hasSize(40 << 20);
    assertThat(records.get(1).timestamp()).isEqualTo(tomorrow);
  }

  /**
   * The broker refuses a batch as a whole then, and the producer cuts it in two, as often as
   * needed.
   */
  @Test
  void aBatchThatItsTopicFindsTooLargeIsCutAndEachRowIsThereOnce() throws Exception {
    takeAtMost("8000");
    Random random = new Random(1);
    List<String> values = new ArrayList<>();
    try (LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 200; i++) {
        values.add(incompressible(random, 1_000));
        appender.appendRow(topic, row(i, values.get(i)));
      }
      appender.commit(SOURCE, new Lsn(1), null);
      // What follows a batch that was cut follows it in the log as well.
      values.add("last");
      appender.appendRow(topic, row(200, "last"));
      appender.commit(SOURCE, new Lsn(2), null);
    }

    List<LogRecord> records = TestLog.readAll(log, table, topic);
    assertThat(TestLog.values(records)).isEqualTo(values);
    assertThat(records.stream().map(LogRecord::seq))
        .containsExactlyElementsOf(LongStream.rangeClosed(1, 201).boxed().toList());
  }

  /** The producer tells of the first piece of a batch that was cut; this row is in another. */
  @Test
  void aRowThatItsTopicFindsTooLargeBehindSmallOnesIsNamedAsThat() throws Exception {
    takeAtMost("8000");
    Random random = new Random(3);
    try (LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 20; i++) {
        appender.appendRow(topic, row(i, incompressible(random, 1_000)));
      }
      appender.appendRow(topic, row(20, incompressible(random, 30_000)));

      assertThatThrownBy(() -> appender.commit(SOURCE, new Lsn(1), null))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.CHANGE_NOT_WRITABLE));
    }
    requireNothingKept();
  }

  /** Behind the fence of the next appender, so that what stood open is settled. */
  private void requireNothingKept() {
    try (LogAppender next = LogAppender.open(log, connector)) {
      assertThat(next.position()).isEmpty();
    }
    assertThat(TestLog.readAll(log, table, topic)).isEmpty();
  }

  private void takeAtMost(String bytes) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
    AlterConfigOp smaller =
        new AlterConfigOp(new ConfigEntry(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, bytes), OpType.SET);
    log.admin().incrementalAlterConfigs(Map.of(resource, List.of(smaller))).all().get();
  }

  @Test
  void rowsWaitWhereTheMemoryOfThoseUnderWayIsSmall() {
    Random random = new Random(2);
    List<String> values = new ArrayList<>();
    try (LogConnection small =
            LogConnection.open(
                TestLog.shared(
                    Map.of(
                        "batch.size", new Secret("4000"), "buffer.memory", new Secret("40000"))));
        LogAppender appender = LogAppender.open(small, connector)) {
      for (int i = 0; i < 3_000; i++) {
        values.add(incompressible(random, 200));
        appender.appendRow(topic, row(i, values.get(i)));
      }
      // Alone it is more than the memory there is, and passes when nothing else is under way.
      values.add(incompressible(random, 100_000));
      appender.appendRow(topic, row(3_000, values.get(3_000)));
      appender.commit(SOURCE, new Lsn(1), null);
    }

    assertThat(TestLog.values(TestLog.readAll(log, table, topic))).isEqualTo(values);
  }

  @Test
  void aKeyIsInThePartitionInWhichKafkasOwnProducerPutsIt() throws Exception {
    TopicInfo ours = new Topics(log).ensureTable(new TableId(connector, "public", "ours"), 5);
    TopicInfo kafkas = new Topics(log).ensureTable(new TableId(connector, "public", "kafkas"), 5);
    Map<String, Integer> expected = new HashMap<>();
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                log.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
        LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 100; i++) {
        RowRecord row = row(i, "x");
        appender.appendRow(ours, row);
        expected.put(
            TestLog.text(row.key()),
            producer.send(new ProducerRecord<>(kafkas.name(), row.key(), null)).get().partition());
      }
      appender.commit(SOURCE, new Lsn(1), null);
    }

    assertThat(partitionsOfKeys(ours)).isEqualTo(expected);
  }

  private Map<String, Integer> partitionsOfKeys(TopicInfo topic) {
    Map<String, Integer> partitions = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            log.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          IntStream.range(0, topic.partitions())
              .mapToObj(p -> new TopicPartition(topic.name(), p))
              .toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (partitions.size() < 100 && System.nanoTime() < deadline) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(r -> partitions.put(TestLog.text(r.key()), r.partition()));
      }
    }
    return partitions;
  }

  private static String incompressible(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) (' ' + random.nextInt(90)));
    }
    return text.toString();
  }

  @Test
  void positionsOfConnectorsDoNotMeet() {
    String other = TestLog.connector();
    try (LogAppender one = LogAppender.open(log, connector);
        LogAppender two = LogAppender.open(log, other)) {
      one.commit(SOURCE, new Lsn(1), null);
      two.commit(SOURCE, new Lsn(2), null);
    }
    try (LogAppender one = LogAppender.open(log, connector)) {
      assertThat(one.position().map(SourcePosition::endLsn)).isEqualTo(Optional.of(new Lsn(1)));
    }
  }
}

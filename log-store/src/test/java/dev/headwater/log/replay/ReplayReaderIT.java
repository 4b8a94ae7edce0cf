package dev.headwater.log.replay;

import static dev.headwater.log.TestLog.SOURCE;
import static dev.headwater.log.TestLog.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReplayReaderIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final String connector = TestLog.connector();
  private final TableId table = TestLog.table(connector);
  private LogConnection log;

  @BeforeEach
  void open() {
    log = TestLog.shared();
  }

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void readsEveryPartitionFromZeroToTheEndItHadAtTheOpening() {
    TopicInfo topic = new Topics(log).ensureTable(table, 3);
    List<String> written = new ArrayList<>();
    try (LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 5_000; i++) {
        written.add("v" + i);
        appender.appendRow(topic, row(i % 700, "v" + i));
        if (i % 1_000 == 999) {
          appender.commit(SOURCE, new Lsn(i), null);
        }
      }
    }

    List<LogRecord> records = TestLog.readAll(log, table, topic);

    assertThat(TestLog.values(records)).containsExactlyInAnyOrderElementsOf(written);
    Map<String, Long> lastByKey = new java.util.HashMap<>();
    for (LogRecord record : records) {
      Long before = lastByKey.put(TestLog.text(record.key()), record.seq());
      assertThat(before == null || before < record.seq()).isTrue();
    }
  }

  /** Rows that compress to nothing come by the hundred in one fetch, and must not in one poll. */
  @Test
  void aPollBringsNoMoreThanFitsIntoMemory() {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    String large = "x".repeat(3 << 20);
    try (LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 40; i++) {
        appender.appendRow(topic, row(i, i + large));
      }
      appender.commit(SOURCE, new Lsn(1), null);
    }
    long offset = 0;
    int read = 0;
    try (ReplayReader reader = ReplayReader.open(log, TestLog.partitions(table, topic), Map.of())) {
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (!reader.isCaughtUp() && System.nanoTime() < deadline) {
        for (PartitionBatch batch : reader.poll(Duration.ofMillis(200))) {
          long bytes = 0;
          for (LogRecord record : batch.records()) {
            assertThat(record.offset()).isEqualTo(offset++);
            assertThat(TestLog.text(record.key())).isEqualTo(TestLog.text(row(read, "").key()));
            bytes += record.value().length;
            read++;
          }
          assertThat(bytes).isLessThanOrEqualTo(PollBudget.MOST_BYTES);
        }
      }
    }
    assertThat(read).isEqualTo(40);
  }

  /** Position, not records: after an aborted tail the last record stands well before the end. */
  @Test
  void isCaughtUpBehindAnAbortedTailAndOnATopicThatHoldsNothingElse() {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    try (LogAppender appender = LogAppender.open(log, connector)) {
      appender.appendRow(topic, row(1, "kept"));
      appender.commit(SOURCE, new Lsn(1), null);
    }
    abortSome(topic);

    try (ReplayReader reader = ReplayReader.open(log, TestLog.partitions(table, topic), Map.of())) {
      LogPartition partition = TestLog.partitions(table, topic).get(0);
      long end = reader.endOffsets().get(partition);
      assertThat(end).isGreaterThan(20);
      List<LogRecord> records = new ArrayList<>();
      long nextOffset = 0;
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (!reader.isCaughtUp()) {
        assertThat(System.nanoTime()).as("at %s", reader.positions()).isLessThan(deadline);
        for (PartitionBatch batch : reader.poll(Duration.ofMillis(100))) {
          records.addAll(batch.records());
          nextOffset = batch.nextOffset();
        }
      }
      assertThat(TestLog.values(records)).containsExactly("kept");
      // The batches say so too, or a checkpoint would never pass the tail.
      assertThat(nextOffset).isEqualTo(end);
      assertThat(reader.positions()).containsEntry(partition, end);
    }
  }

  private void abortSome(TopicInfo topic) {
    Map<String, Object> properties = log.clientProperties();
    properties.put("transactional.id", "abort-" + connector);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      for (int i = 0; i < 20; i++) {
        producer.send(
            new ProducerRecord<>(topic.name(), TestLog.utf8("k"), TestLog.utf8("lost" + i)));
      }
      producer.flush();
      producer.abortTransaction();
    }
  }

  @Test
  void anEndBehindAnOpenTransactionIsNotWaitedFor() {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    try (LogAppender appender = LogAppender.open(log, connector)) {
      appender.appendRow(topic, row(1, "kept"));
      appender.commit(SOURCE, new Lsn(1), null);
      TestLog.readAll(log, table, topic);
      appender.appendRow(topic, row(2, "open"));

      List<LogRecord> records = new ArrayList<>();
      try (ReplayReader reader =
          ReplayReader.open(log, TestLog.partitions(table, topic), Map.of())) {
        while (!reader.isCaughtUp()) {
          reader.poll(Duration.ofMillis(100)).forEach(b -> records.addAll(b.records()));
        }
      }
      assertThat(TestLog.values(records)).containsExactly("kept");
    }
  }

  @Test
  void startsAtTheOffsetItIsGiven() {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    LogPartition partition = TestLog.partitions(table, topic).get(0);
    try (LogAppender appender = LogAppender.open(log, connector)) {
      for (int i = 0; i < 5; i++) {
        appender.appendRow(topic, row(i, "v" + i));
      }
      appender.commit(SOURCE, new Lsn(1), null);
    }
    TestLog.readAll(log, table, topic);

    try (ReplayReader reader = ReplayReader.open(log, List.of(partition), Map.of(partition, 3L))) {
      List<LogRecord> records = new ArrayList<>();
      while (!reader.isCaughtUp()) {
        reader.poll(Duration.ofMillis(100)).forEach(b -> records.addAll(b.records()));
      }
      assertThat(TestLog.values(records)).containsExactly("v3", "v4");
    }
  }

  @Test
  void refusesToGoOnWhereTheRecordsAreGoneInsteadOfSkippingThem() {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    LogPartition partition = TestLog.partitions(table, topic).get(0);

    assertStale(
        () -> {
          try (ReplayReader reader =
              ReplayReader.open(log, List.of(partition), Map.of(partition, 1_000L))) {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (System.nanoTime() < deadline) {
              reader.poll(Duration.ofMillis(100));
            }
          }
        });
  }

  @Test
  void refusesATopicMadeAnewUnderTheSameName() throws Exception {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    log.admin().deleteTopics(List.of(topic.name())).all().get();
    assertStale(() -> ReplayReader.open(log, TestLog.partitions(table, topic), Map.of()));

    TopicInfo anew = new Topics(log).ensureTable(table, 1);
    assertThat(anew.topicId()).isNotEqualTo(topic.topicId());
    assertStale(() -> ReplayReader.open(log, TestLog.partitions(table, topic), Map.of()));
    ReplayReader.open(log, TestLog.partitions(table, anew), Map.of()).close();
  }

  @Test
  void aRecordWithoutAVersionIsRefused() throws Exception {
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            log.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic.name(), TestLog.utf8("k"), TestLog.utf8("v"))).get();
    }

    LogRecord foreign = TestLog.readAll(log, table, topic).get(0);

    assertThatThrownBy(foreign::seq)
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.RECORD_REFUSED))
        .hasMessageContaining("offset 0");
  }

  private static void assertStale(org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.CHECKPOINT_STALE));
  }
}

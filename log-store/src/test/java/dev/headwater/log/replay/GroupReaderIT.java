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
import dev.headwater.log.group.GroupSettings;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GroupReaderIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final String connector = TestLog.connector();
  private final TableId table = TestLog.table(connector);
  private final String group = "headwater." + connector;
  private LogConnection log;
  private LogAppender appender;
  private TopicInfo topic;

  @BeforeEach
  void open() {
    log = TestLog.shared();
    appender = LogAppender.open(log, connector);
    topic = newTable(table, 4);
  }

  @AfterEach
  void close() {
    appender.close();
    log.close();
  }

  /** A worker as a sink has it: its checkpoints are shared, as if they stood in the target. */
  private final class Worker implements GroupReader.Listener, AutoCloseable {
    final Set<LogPartition> mine = new HashSet<>();
    final List<String> values = new ArrayList<>();
    final GroupReader reader;
    private final Map<LogPartition, Long> checkpoints;

    Worker(Map<LogPartition, Long> checkpoints) {
      this.checkpoints = checkpoints;
      this.reader =
          GroupReader.open(
              log, group, new SchemaStore(log), t -> t.connector().equals(connector), this);
    }

    void step() {
      for (PartitionBatch batch : reader.poll(Duration.ofMillis(50))) {
        assertThat(mine).contains(batch.partition());
        values.addAll(TestLog.values(batch.records()));
        checkpoints.put(batch.partition(), batch.nextOffset());
      }
    }

    @Override
    public Map<LogPartition, Long> assigned(Collection<LogPartition> partitions) {
      mine.addAll(partitions);
      Map<LogPartition, Long> starts = new HashMap<>(checkpoints);
      starts.keySet().retainAll(partitions);
      return starts;
    }

    @Override
    public void revoked(Collection<LogPartition> partitions) {
      mine.removeAll(partitions);
    }

    @Override
    public void lost(Collection<LogPartition> partitions) {
      mine.removeAll(partitions);
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  @Test
  void startsEachPartitionAtTheListenersCheckpointAndTheOthersAtZero() {
    write(table, topic, 0, 100);
    List<LogPartition> partitions = TestLog.partitions(table, topic);
    Map<LogPartition, Long> checkpoints = new HashMap<>();
    Map<Integer, List<String>> byPartition = contents();
    checkpoints.put(partitions.get(0), 3L);
    checkpoints.put(partitions.get(1), (long) byPartition.get(1).size() + 1);
    List<String> expected =
        new ArrayList<>(byPartition.get(0).subList(3, byPartition.get(0).size()));
    expected.addAll(byPartition.get(2));
    expected.addAll(byPartition.get(3));

    try (Worker worker = new Worker(checkpoints)) {
      await(() -> worker.values.size() >= expected.size(), worker);
      worker.step();

      assertThat(worker.mine).containsExactlyInAnyOrderElementsOf(partitions);
      assertThat(worker.values).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(worker.reader.endOffsets()).containsOnlyKeys(partitions);
      partitions.forEach(
          p -> assertThat(worker.reader.position(p)).isEqualTo(worker.reader.endOffsets().get(p)));
    }
  }

  @Test
  void goesOnWithoutANameThatAnotherMemberHasTakenFromIt() throws Exception {
    write(table, topic, 0, 100);
    try (Worker worker = new Worker(new HashMap<>())) {
      await(() -> worker.values.size() == 100, worker);
      String name =
          log.admin()
              .describeConsumerGroups(List.of(group))
              .describedGroups()
              .get(group)
              .get()
              .members()
              .iterator()
              .next()
              .groupInstanceId()
              .orElseThrow();
      Map<String, Object> settings = GroupSettings.join(group, Optional.of(name));
      try (var namesake = Consumers.open(log, settings)) {
        namesake.subscribe(List.of(topic.name()), seekingToTheEnd(namesake));
        await(
            () -> {
              namesake.poll(Duration.ofMillis(50));
              return worker.mine.isEmpty();
            },
            worker);
        namesake.close(GroupSettings.leave());
      }

      write(table, topic, 100, 200);
      await(() -> worker.values.size() == 200, worker);
      assertThat(worker.mine).hasSize(4);
    }
  }

  /** The group's own offsets say nothing: a target put back in time is followed, not overruled. */
  @Test
  void followsTheCheckpointsEvenWhereTheyMovedBack() {
    write(table, topic, 0, 100);
    Map<LogPartition, Long> checkpoints = new HashMap<>();
    try (Worker worker = new Worker(checkpoints)) {
      await(() -> worker.values.size() == 100, worker);
    }
    checkpoints.clear();

    try (Worker worker = new Worker(checkpoints)) {
      await(() -> worker.values.size() == 100, worker);
    }
  }

  @Test
  void partitionsMoveBetweenTwoMembersAndNothingIsMissedOrReadTwice() {
    Map<LogPartition, Long> checkpoints = new HashMap<>();
    Worker first = new Worker(checkpoints);
    await(() -> first.mine.size() == 4, first);
    write(table, topic, 0, 100);
    await(() -> first.values.size() == 100, first);
    try (Worker second = new Worker(checkpoints)) {
      await(() -> second.mine.size() == 2 && first.mine.size() == 2, first, second);
      assertThat(second.mine).doesNotContainAnyElementsOf(first.mine);

      write(table, topic, 100, 200);
      await(() -> first.values.size() + second.values.size() == 200, first, second);

      first.close();
      await(() -> second.mine.size() == 4, second);
      write(table, topic, 200, 300);
      await(() -> first.values.size() + second.values.size() == 300, second);
      Set<String> distinct = new HashSet<>(first.values);
      distinct.addAll(second.values);
      assertThat(distinct).hasSize(300);
    }
  }

  @Test
  void takesUpATableThatAppearsLater() {
    try (Worker worker = new Worker(new HashMap<>())) {
      await(() -> worker.mine.size() == 4, worker);
      TableId later = new TableId(connector, "public", "later");
      TopicInfo laterTopic = newTable(later, 1);
      write(later, laterTopic, 0, 10);

      await(() -> worker.values.size() == 10, worker);
      assertThat(worker.mine).hasSize(5);
    }
  }

  @Test
  void aPausedPartitionBringsNothingUntilItIsResumed() {
    try (Worker worker = new Worker(new HashMap<>())) {
      await(() -> worker.mine.size() == 4, worker);
      worker.mine.forEach(worker.reader::pause);
      write(table, topic, 0, 50);
      for (int i = 0; i < 20; i++) {
        worker.step();
      }
      assertThat(worker.values).isEmpty();

      worker.mine.forEach(worker.reader::resume);
      await(() -> worker.values.size() == 50, worker);
    }
  }

  @Test
  void whatTheListenerThrowsComesOutOfThePollAsItIs() {
    HeadwaterException refused =
        new HeadwaterException(FailureCode.TARGET_NOT_READY, "target – not there", "make it");
    GroupReader.Listener listener =
        new GroupReader.Listener() {
          @Override
          public Map<LogPartition, Long> assigned(Collection<LogPartition> partitions) {
            throw refused;
          }

          @Override
          public void revoked(Collection<LogPartition> partitions) {}

          @Override
          public void lost(Collection<LogPartition> partitions) {}
        };
    try (GroupReader reader =
        GroupReader.open(log, group, new SchemaStore(log), table::equals, listener)) {
      assertThatThrownBy(() -> pollUntilItFails(reader)).isSameAs(refused);
    }
  }

  @Test
  void stopsWhenATopicIsMadeAnewOrItsPartitionsGrow() throws Exception {
    try (Worker worker = new Worker(new HashMap<>())) {
      await(() -> worker.mine.size() == 4, worker);
      log.admin().createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(5))).all().get();
      assertThatThrownBy(() -> pollUntilItFails(worker.reader))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY));
    }
    try (Worker worker = new Worker(new HashMap<>())) {
      await(() -> worker.mine.size() == 5, worker);
      log.admin().deleteTopics(List.of(topic.name())).all().get();
      new Topics(log).ensureTable(table, 5);
      assertThatThrownBy(() -> pollUntilItFails(worker.reader))
          .isInstanceOfSatisfying(
              HeadwaterException.class,
              e -> assertThat(e.code()).isEqualTo(FailureCode.CHECKPOINT_STALE));
    }
  }

  private static ConsumerRebalanceListener seekingToTheEnd(KafkaConsumer<?, ?> consumer) {
    return new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        consumer.seekToEnd(partitions);
      }

      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
    };
  }

  private static void pollUntilItFails(GroupReader reader) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < deadline) {
      reader.poll(Duration.ofMillis(100));
    }
  }

  private TopicInfo newTable(TableId of, int partitions) {
    TopicInfo made = new Topics(log).ensureTable(of, partitions);
    appender.appendSchema(TestLog.schema(of, 1));
    appender.commit(SOURCE, new Lsn(1), null);
    return made;
  }

  private void write(TableId of, TopicInfo to, int from, int until) {
    for (int i = from; i < until; i++) {
      appender.appendRow(to, row(i, of.name() + i));
    }
    appender.commit(SOURCE, new Lsn(until), null);
  }

  private Map<Integer, List<String>> contents() {
    TestLog.readAll(log, table, topic);
    Map<Integer, List<String>> contents = new HashMap<>();
    for (LogPartition partition : TestLog.partitions(table, topic)) {
      List<String> values = new ArrayList<>();
      long deadline = System.nanoTime() + LIMIT.toNanos();
      // A partition learns of a commit a moment after the writer does.
      while (values.isEmpty() && System.nanoTime() < deadline) {
        try (ReplayReader reader = ReplayReader.open(log, List.of(partition), Map.of())) {
          while (!reader.isCaughtUp()) {
            reader
                .poll(Duration.ofMillis(100))
                .forEach(b -> values.addAll(TestLog.values(b.records())));
          }
        }
      }
      contents.put(partition.partition(), values);
    }
    return contents;
  }

  private static void await(BooleanSupplier condition, Worker... workers) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime())
          .as("in time; %s", List.of(workers).stream().map(w -> w.mine + " " + w.values).toList())
          .isLessThan(deadline);
      for (Worker worker : workers) {
        worker.step();
      }
    }
  }
}

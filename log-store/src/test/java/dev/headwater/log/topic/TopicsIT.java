package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TopicsIT {
  private final TableId table = TestLog.table(TestLog.connector());
  private final String name = TopicNames.forTable(table);
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
  void makesATablesTopicCompactedAndFindsItAgain() {
    TopicInfo made = new Topics(log).ensureTable(table, 3);

    assertThat(made.partitions()).isEqualTo(3);
    assertThat(made.replicationFactor()).isEqualTo(1);
    assertThat(made.config())
        .containsEntry("cleanup.policy", "compact")
        .containsEntry("delete.retention.ms", String.valueOf(Duration.ofDays(7).toMillis()))
        .containsEntry("min.insync.replicas", "1")
        .containsEntry("unclean.leader.election.enable", "false");
    assertThat(new Topics(log).ensureTable(table, 1)).isEqualTo(made);
    assertThat(new Topics(log).describe(name)).contains(made);
    assertThat(new Topics(log).describe("nowhere")).isEmpty();
  }

  @Test
  void refusesATopicThatDeletesByAge() throws Exception {
    make(Map.of("cleanup.policy", "delete"));
    assertNotReady(() -> new Topics(log).ensureTable(table, 1), "cleanup.policy");

    set("cleanup.policy", "compact,delete");
    assertNotReady(() -> new Topics(log).ensureTable(table, 1), "cleanup.policy");

    set("cleanup.policy", "compact");
    new Topics(log).ensureTable(table, 1);
  }

  @Test
  void refusesATopicWithFewerCopiesThanAskedFor() throws Exception {
    make(Map.of("cleanup.policy", "compact"));
    try (LogConnection strict = LogConnection.open(copies(2, 2))) {
      assertNotReady(() -> new Topics(strict).ensureTable(table, 1), "replication_factor");
    }
    try (LogConnection strict = LogConnection.open(copies(1, 2))) {
      assertNotReady(() -> new Topics(strict).ensureTable(table, 1), "min_insync_replicas");
    }
  }

  @Test
  void refusesToMakeATopicWithMoreCopiesThanThereAreBrokers() {
    try (LogConnection strict = LogConnection.open(copies(3, 2))) {
      assertNotReady(() -> new Topics(strict).ensureTable(table, 1), "there are 1 brokers");
    }
  }

  @Test
  void namesTheOtherTopicWhenKafkaTakesTwoNamesForOne() {
    String connector = table.connector();
    new Topics(log).ensureTable(new TableId(connector, "app", "audit_log"), 1);

    assertNotReady(
        () -> new Topics(log).ensureTable(new TableId(connector, "app_audit", "log"), 1),
        "collides with existing topic: " + connector + ".app.audit_log");
  }

  @Test
  void listsTheTopicsOfTablesWhoseSchemaTheLogHolds() {
    TopicInfo made = new Topics(log).ensureTable(table, 1);
    assertThat(new Topics(log).tables()).doesNotContain(made);
    try (LogAppender appender = LogAppender.open(log, table.connector())) {
      appender.appendSchema(TestLog.schema(table, 1));
      appender.commit(TestLog.SOURCE, new Lsn(1), null);
    }
    assertThat(new Topics(log).tables()).contains(made);
  }

  private LogConfig copies(int replicationFactor, int minInsyncReplicas) {
    LogConfig base = TestLog.shared(Map.of());
    return new LogConfig(
        base.bootstrapServers(),
        base.directory(),
        Optional.of(replicationFactor),
        Optional.of(minInsyncReplicas),
        base.partitions(),
        base.deleteRetention(),
        base.properties());
  }

  private void make(Map<String, String> settings) throws Exception {
    log.admin()
        .createTopics(List.of(new NewTopic(name, 1, (short) 1).configs(settings)))
        .all()
        .get();
  }

  private void set(String setting, String value) throws Exception {
    log.admin()
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, name),
                List.of(
                    new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET))))
        .all()
        .get();
  }

  private static void assertNotReady(ThrowingCallable action, String message) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY))
        .hasMessageContaining(message);
  }
}

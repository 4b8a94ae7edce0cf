package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Topics that are taken away, exchanged or changed behind our back. */
@Timeout(120)
class TopicGuardIT {
  private final TableId table = TestLog.table(TestLog.connector());
  private final String name = TopicNames.forTable(table);
  private LogConnection log;
  private TopicGuard guard;

  @BeforeEach
  void open() {
    log = TestLog.shared();
    new Topics(log).ensureTable(table, 2);
    guard = new TopicGuard(log, List.of(table));
    awaitSeen();
  }

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void aTopicThatStaysAsItIsPasses() {
    assertThat(guard.check()).isTrue();
    assertThat(new TopicGuard(log, List.of()).check()).isTrue();
  }

  @Test
  void aDeletedTopicIsRefusedOnceItsAbsenceIsBelieved() throws Exception {
    log.admin().deleteTopics(List.of(name)).all().get();
    assertThatThrownBy(this::checkUntilItFails)
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY))
        .hasMessageContaining(name)
        .hasMessageContaining("gone");
  }

  @Test
  void aTopicMadeAnewInThePlaceOfTheOldIsRefused() throws Exception {
    log.admin().deleteTopics(List.of(name)).all().get();
    while (new Topics(log).describe(name).isPresent()) {
      Thread.sleep(50);
    }
    new Topics(log).ensureTable(table, 2);
    assertThatThrownBy(this::checkUntilItFails).hasMessageContaining("made anew");
  }

  @Test
  void aTopicThatDeletesByAgeFromNowOnIsRefused() throws Exception {
    log.admin()
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, name),
                List.of(
                    new AlterConfigOp(
                        new ConfigEntry("cleanup.policy", "compact,delete"),
                        AlterConfigOp.OpType.SET))))
        .all()
        .get();
    assertThatThrownBy(this::checkUntilItFails).hasMessageContaining("cleanup.policy");
  }

  private void awaitSeen() {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!guard.check()) {
      assertThat(System.nanoTime()).isLessThan(end);
    }
  }

  private void checkUntilItFails() throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (System.nanoTime() < end) {
      guard.check();
      Thread.sleep(50);
    }
  }
}

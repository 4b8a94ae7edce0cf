package dev.headwater.log.append;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.SharedServices;
import dev.headwater.log.LogChild;
import dev.headwater.log.TestLog;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AppenderKillIT {
  @Test
  void aProcessKilledInsideATransactionLeavesNothingOfItAndThePositionIntact() throws Exception {
    String connector = TestLog.connector();
    TableId table = TestLog.table(connector);
    try (LogChild child =
        LogChild.start("brokers", SharedServices.kafka().bootstrapServers(), connector)) {
      child.line();
      assertThat(child.line()).isEqualTo("open 20");
      child.kill();
    }

    try (LogConnection log = TestLog.shared()) {
      TopicInfo topic = new Topics(log).ensureTable(table, 1);
      // The rows of the open transaction are in the log, seen or not.
      long highWaterMark = dev.headwater.log.replay.CompactedTopic.end(log, topic.name());
      assertThat(highWaterMark).isGreaterThanOrEqualTo(20);

      try (LogAppender next = LogAppender.open(log, connector)) {
        assertThat(next.position()).contains(SourcePosition.atEnd(TestLog.SOURCE, new Lsn(10), 10));
        next.appendRow(topic, TestLog.row(11, "after"));
        next.commit(TestLog.SOURCE, new Lsn(11), null);
      }
      List<LogRecord> seen = TestLog.readAll(log, table, topic);
      assertThat(TestLog.values(seen)).hasSize(11).noneMatch(v -> v.startsWith("lost"));
      assertThat(seen.get(10).seq()).isEqualTo(11);
    }
  }
}

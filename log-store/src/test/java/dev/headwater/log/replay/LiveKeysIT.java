package dev.headwater.log.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.TestLog;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class LiveKeysIT {
  @Test
  void findsEachLiveKeyOnceHoweverLittleMemoryThereIs() throws Exception {
    String connector = TestLog.connector();
    TableId table = TestLog.table(connector);
    try (LogConnection log = TestLog.shared();
        LogAppender appender = LogAppender.open(log, connector)) {
      TopicInfo topic = new Topics(log).ensureTable(table, 1);
      Set<String> expected = new HashSet<>();
      for (int id = 0; id < 2000; id++) {
        appender.appendRow(topic, TestLog.row(id, "{}"));
        expected.add("{\"id\":" + id + "}");
      }
      for (int id = 0; id < 2000; id += 3) {
        appender.appendRow(topic, TestLog.row(id, null));
        expected.remove("{\"id\":" + id + "}");
      }
      for (int id = 0; id < 2000; id += 6) {
        appender.appendRow(topic, TestLog.row(id, "{\"again\":1}"));
        expected.add("{\"id\":" + id + "}");
      }
      appender.commit(TestLog.SOURCE, new Lsn(1), null);

      for (long budget : new long[] {1 << 20, 20_000, 5_000}) {
        Set<String> found = new HashSet<>();
        long end =
            LiveKeys.forEach(
                log,
                topic.name(),
                0,
                0,
                budget,
                key -> assertThat(found.add(TestLog.text(key))).isTrue());
        assertThat(found).as("budget %d", budget).isEqualTo(expected);
        LiveKeys.forEach(
            log,
            topic.name(),
            0,
            end,
            budget,
            key -> {
              throw new AssertionError("nothing was written behind " + end);
            });
      }
    }
  }
}

package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.append.RowRecord;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A table's rows in a real log, written as a connector writes them. */
public final class TestLog implements AutoCloseable {
  private static final SourceIdentity SOURCE = new SourceIdentity("1", 1, "shop", "slot", "pub");

  private final LogConnection log;
  private final TableSchema schema;
  private final TopicInfo topic;
  private final LogAppender appender;
  private long lsn = 1;
  private int version;

  public TestLog(String brokers, TestRows table, int partitions) {
    this(brokers, table, partitions, LogConfig.DEFAULT_DELETE_RETENTION);
  }

  public TestLog(String brokers, TestRows table, int partitions, Duration deleteRetention) {
    this.log = connect(brokers, deleteRetention);
    this.schema = table.schema();
    this.version = schema.version();
    Topics topics = new Topics(log);
    topics.ensureInternal();
    this.topic = topics.ensureTable(schema.table(), partitions);
    this.appender = LogAppender.open(log, schema.table().connector());
    appender.appendSchema(schema);
    commit();
  }

  /** Another process's way to the same log. */
  public static LogConnection connect(String brokers, Duration deleteRetention) {
    return LogConnection.open(
        new LogConfig(
            Optional.of(brokers),
            Path.of("unused"),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            deleteRetention,
            Map.of()));
  }

  TopicInfo topic() {
    return topic;
  }

  /** Appends a later version of the schema, which the rows after it follow. */
  TestLog follow(TableSchema next) {
    appender.appendSchema(next);
    version = next.version();
    return this;
  }

  public TestLog put(String key, String row) {
    return append(key, row.getBytes(UTF_8), 'u');
  }

  public TestLog delete(String key) {
    return append(key, null, 'd');
  }

  private TestLog append(String key, byte @Nullable [] row, char op) {
    long now = System.currentTimeMillis();
    appender.appendRow(
        topic, new RowRecord(key.getBytes(UTF_8), row, op, new Lsn(++lsn), 7, now, version, null));
    return this;
  }

  public void commit() {
    appender.commit(SOURCE, new Lsn(++lsn), null);
  }

  @Override
  public void close() {
    appender.close();
    log.close();
  }
}

package dev.headwater.capture.debezium;

import dev.headwater.capture.CaptureConfig;
import java.util.Properties;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;

/**
 * Our configuration as Debezium's properties; the only place that knows their names.
 *
 * <p>The user's properties come first, so that none of them can touch what exact resumption rests
 * on; the configuration loader refuses those by name beforehand.
 */
final class DebeziumProperties {
  /**
   * One chunk a batch: with more, Debezium's queue waits for the batch to fill, and turns in
   * circles during the last millisecond of each wait. A chunk is a batch of rows already.
   */
  private static final int MAX_BATCH_CHUNKS = 1;

  private static final int MAX_QUEUE_CHUNKS = 16;

  /** A row may make a chunk of tens of megabytes; so many of those would not fit into memory. */
  private static final long MAX_QUEUE_BYTES = 8L << 20;

  private DebeziumProperties() {}

  static Properties of(CaptureConfig config) {
    Properties p = new Properties();
    p.put("max.batch.size", String.valueOf(MAX_BATCH_CHUNKS));
    p.put("max.queue.size", String.valueOf(MAX_QUEUE_CHUNKS));
    p.put("max.queue.size.in.bytes", String.valueOf(MAX_QUEUE_BYTES));
    p.put("poll.interval.ms", "500");
    config.properties().forEach(p::put);

    p.put("name", config.name());
    p.put("connector.class", RawPostgresConnector.class.getName());
    p.put("topic.prefix", config.name());
    p.put("database.hostname", config.host());
    p.put("database.port", String.valueOf(config.port()));
    p.put("database.dbname", config.database());
    p.put("database.user", config.user());
    config.password().ifPresent(password -> p.put("database.password", password.reveal()));
    config.urlParameters().forEach((name, value) -> p.put("driver." + name, value));
    config
        .urlParameters()
        .forEach(
            (name, value) -> {
              if (name.equals("sslmode")) {
                p.put("database.sslmode", value);
              }
            });

    // Asked for by the engine's worker configuration, and connected to by nobody.
    p.put("bootstrap.servers", "127.0.0.1:9");
    // Empty for every new engine, and kept while it lives: the acknowledged LSN is read back from
    // it when it is sent to the server, and nothing of it must outlive the session.
    p.put("offset.storage", MemoryOffsetBackingStore.class.getName());
    p.put("offset.flush.interval.ms", "0");
    p.put("snapshot.mode", "no_data");
    p.put("plugin.name", "pgoutput");
    p.put("slot.name", config.slot().name());
    p.put("slot.drop.on.stop", "false");
    p.put("slot.max.retries", "0");
    p.put("publication.name", config.publication());
    p.put("publication.autocreate.mode", "disabled");
    p.put("lsn.flush.mode", "connector");
    p.put("provide.transaction.metadata", "false");
    p.put("binary.handling.mode", "bytes");
    // An engine that restarts its task by itself skips the batch that failed.
    p.put("errors.max.retries", "0");
    p.put("heartbeat.interval.ms", "0");
    p.put("event.processing.failure.handling.mode", "fail");
    // No table reaches Debezium's own schema: what matches nothing is not read from the catalog.
    p.put("table.include.list", "headwater_reads_the_catalog_itself\\.none");
    return p;
  }
}

package dev.headwater.benchmarks;

import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What every benchmark has: a source, a broker, a place for files, and the peer where it is wanted.
 */
final class Lab implements AutoCloseable {
  /** The peer's settings of its connector, as it is at its best. */
  private static final Map<String, String> TUNED_SOURCE =
      Map.of(
          "max.batch.size", "16384",
          "max.queue.size", "65536",
          "poll.interval.ms", "10",
          "snapshot.fetch.size", "20000");

  /** The peer's settings of its producer, as it is at its best. */
  private static final Map<String, String> TUNED_PRODUCER =
      Map.of(
          "producer.linger.ms", "20",
          "producer.batch.size", "524288",
          "producer.buffer.memory", String.valueOf(128 << 20),
          "producer.compression.type", "lz4");

  private static final int MOST_SECONDS_TO_REST = 20;
  private static final double AT_REST_CORES = 0.3;

  final Path root;
  final Path work;
  final Servers servers = new Servers();
  final PostgresServer postgres;
  final KafkaServer kafka;
  final Topic topics;
  final Connection source;
  private final String peerClassPath;
  private final Map<String, Connect> connects = new LinkedHashMap<>();
  private final Map<String, Headwater> workers = new LinkedHashMap<>();

  Lab(Path root, String peerClassPath) {
    this.root = root;
    this.peerClassPath = peerClassPath;
    try {
      this.work = Files.createTempDirectory("headwater-benchmark-");
    } catch (IOException e) {
      throw new BenchmarkException("No place for temporary files", e);
    }
    Progress.say("files of this run: " + work);
    this.postgres = servers.postgres("postgres");
    this.kafka = servers.kafka();
    this.topics = new Topic(kafka.bootstrapServers());
    this.source = session();
  }

  /** One more session of the harness at the source. */
  Connection session() {
    Connection session = Servers.connect(postgres);
    Tables.execute(session, "SET application_name = 'benchmark'");
    return session;
  }

  /** The peer's one process with these producer settings; started when first asked for. */
  private Connect connect(String name, Map<String, String> worker) {
    return connects.computeIfAbsent(
        name,
        absent -> {
          Connect connect =
              Connect.start(
                  peerClassPath, work, "connect-" + name, kafka.bootstrapServers(), worker);
          Progress.say("Kafka Connect runs, " + name);
          return connect;
        });
  }

  /**
   * Headwater's one process that feeds a sink from the table of {@link RebuildBenchmark}; started
   * when first asked for, and kept for all rounds as the peer's is: cold in the first.
   *
   * @param definition its entry in connectors.yaml
   */
  Headwater worker(String sink, String definition, String jvmOptions) {
    return workers.computeIfAbsent(
        sink,
        absent ->
            Headwater.start(
                root,
                work,
                sink,
                yaml(RebuildBenchmark.CONNECTOR, RebuildBenchmark.TABLE, "", "")
                    + "sinks:\n"
                    + definition,
                jvmOptions,
                "sink",
                sink));
  }

  /** Whose CPU time is counted: a contestant's process, and the servers. */
  Map<String, Long> pids(String contestant, long pid) {
    Map<String, Long> pids = new LinkedHashMap<>();
    pids.put(contestant, pid);
    pids.putAll(servers.pids());
    return pids;
  }

  /** Debezium's source connector for one table. */
  Map<String, String> debezium(String name, String table, boolean tuned) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    config.put("tasks.max", "1");
    config.put("plugin.name", "pgoutput");
    config.put("database.hostname", "127.0.0.1");
    config.put("database.port", String.valueOf(postgres.port()));
    config.put("database.user", PostgresServer.USER);
    config.put("database.password", PostgresServer.PASSWORD);
    config.put("database.dbname", "postgres");
    config.put("topic.prefix", name);
    config.put("table.include.list", "public." + table);
    config.put("slot.name", name);
    config.put("publication.name", name);
    config.put("publication.autocreate.mode", "filtered");
    if (tuned) {
      config.putAll(TUNED_SOURCE);
    }
    return config;
  }

  /** The peer with its best settings, or with its own. */
  Connect connect(boolean tuned) {
    return tuned ? connect("tuned", TUNED_PRODUCER) : connect("default", Map.of());
  }

  /** Ends the peer's processes; whoever asks for one next gets a new one. */
  void endConnects() {
    connects.values().forEach(Connect::close);
    connects.clear();
  }

  /** A connectors.yaml with one connector for one table, as short as a user can write it. */
  String yaml(String name, String table, String moreOfConnector, String moreOfLog) {
    return "version: 1\nlog:\n  bootstrap_servers: "
        + kafka.bootstrapServers()
        + "\n"
        + moreOfLog
        + "\nconnectors:\n"
        + connectorYaml(name, table, moreOfConnector);
  }

  /** One connector of it. */
  String connectorYaml(String name, String table, String more) {
    return """
      - name: %s
        type: postgres
        url: postgresql://127.0.0.1:%d/postgres
        user: postgres
        password: postgres
        tables: [public.%s]
    %s
    """
        .formatted(name, postgres.port(), table, more);
  }

  /** Takes away what a contestant left at the source and in Kafka. */
  void cleanUp(String slot, String publication, String topic) {
    String drop =
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '";
    for (int attempt = 0; ; attempt++) {
      try {
        Tables.execute(source, drop + slot + "'", "DROP PUBLICATION IF EXISTS " + publication);
        break;
      } catch (BenchmarkException stillActive) {
        if (attempt == 100) {
          throw stillActive;
        }
        Clock.pause(100);
      }
    }
    topics.delete(List.of(topic));
  }

  /**
   * Everybody begins with a source that has written its pages and a machine that is at rest, as far
   * as it comes to rest: what the contestant before has still to do is in nobody's interval.
   */
  void settle() {
    Tables.execute(source, "CHECKPOINT");
    for (int second = 0; second < MOST_SECONDS_TO_REST; second++) {
      double before = ProcessMeter.machineCpuSeconds();
      Clock.pause(1_000);
      if (ProcessMeter.machineCpuSeconds() - before < AT_REST_CORES) {
        return;
      }
    }
    Progress.say("the machine does not come to rest; going on");
  }

  @Override
  public void close() {
    workers.values().forEach(Headwater::close);
    endConnects();
    topics.close();
    servers.close();
  }
}

package dev.headwater.devservices;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A real Kafka: one KRaft node, broker and controller, in a virtual machine of its own. Topics are
 * never made by themselves; messages may have 64 MiB. Extra settings are broker properties.
 */
public final class KafkaServer extends DevServer {
  private static final String MAIN_CLASS = "dev.headwater.devservices.process.KafkaProcess";
  private static final String MAX_MESSAGE_BYTES = Integer.toString(64 * 1024 * 1024);

  private final Map<String, String> settings;
  private final List<String> jvmArguments;

  private KafkaServer(ServerOptions options) {
    super("kafka", options);
    this.settings = options.settings();
    this.jvmArguments = options.jvmArguments();
  }

  /** Starts with temporary data on a free port. */
  public static KafkaServer start() {
    return start(ServerOptions.defaults());
  }

  /** Starts and returns when the broker serves requests. */
  public static KafkaServer start(ServerOptions options) {
    KafkaServer server = new KafkaServer(options);
    server.startFirst();
    return server;
  }

  /** {@code 127.0.0.1:port}. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port();
  }

  @Override
  void prepareData(Path directory) {}

  @Override
  List<String> command(Path directory, int onPort) throws IOException {
    Path file = directory.resolve("kafka.properties");
    Path ready = directory.resolve(JavaProcess.READY_FILE);
    Files.deleteIfExists(ready);
    // Only the broker itself talks to the controller, so its port may be another at every start.
    int controllerPort = LoopbackPorts.free();
    try (Writer out = Files.newBufferedWriter(file)) {
      properties(directory, onPort, controllerPort).store(out, null);
    }
    return JavaProcess.command(
        MAIN_CLASS, jvmArguments, List.of(file.toString(), ready.toString()));
  }

  private Properties properties(Path directory, int onPort, int controllerPort) {
    Properties all = new Properties();
    all.setProperty("process.roles", "broker,controller");
    all.setProperty("node.id", "1");
    all.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    all.setProperty("controller.listener.names", "CONTROLLER");
    all.setProperty(
        "listeners",
        "PLAINTEXT://127.0.0.1:" + onPort + ",CONTROLLER://127.0.0.1:" + controllerPort);
    all.setProperty("advertised.listeners", "PLAINTEXT://127.0.0.1:" + onPort);
    all.setProperty("log.dirs", directory.resolve("log").toString());
    all.setProperty("offsets.topic.replication.factor", "1");
    all.setProperty("offsets.topic.num.partitions", "5");
    all.setProperty("transaction.state.log.replication.factor", "1");
    all.setProperty("transaction.state.log.min.isr", "1");
    all.setProperty("transaction.state.log.num.partitions", "5");
    all.setProperty("share.coordinator.state.topic.replication.factor", "1");
    all.setProperty("share.coordinator.state.topic.min.isr", "1");
    all.setProperty("group.initial.rebalance.delay.ms", "0");
    // A killed broker is let in again only when its former session has run out.
    all.setProperty("broker.session.timeout.ms", "3000");
    all.setProperty("broker.heartbeat.interval.ms", "500");
    all.setProperty("auto.create.topics.enable", "false");
    all.setProperty("message.max.bytes", MAX_MESSAGE_BYTES);
    all.setProperty("replica.fetch.max.bytes", MAX_MESSAGE_BYTES);
    all.putAll(settings);
    return all;
  }

  @Override
  boolean isReady(Path directory, int onPort, long processId) {
    return Files.exists(directory.resolve(JavaProcess.READY_FILE));
  }

  @Override
  String stopSignal() {
    return "TERM";
  }
}

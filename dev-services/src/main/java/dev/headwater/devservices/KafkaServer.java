package dev.headwater.devservices;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    all.putAll(shared());
    all.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    all.setProperty(
        "listeners",
        "PLAINTEXT://127.0.0.1:" + onPort + ",CONTROLLER://127.0.0.1:" + controllerPort);
    all.setProperty("advertised.listeners", "PLAINTEXT://127.0.0.1:" + onPort);
    all.setProperty("log.dirs", directory.resolve("log").toString());
    all.putAll(settings);
    return all;
  }

  /** What holds wherever the node runs. */
  private static Map<String, String> shared() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("process.roles", "broker,controller");
    all.put("node.id", "1");
    all.put("controller.listener.names", "CONTROLLER");
    all.put("offsets.topic.replication.factor", "1");
    all.put("offsets.topic.num.partitions", "5");
    all.put("transaction.state.log.replication.factor", "1");
    all.put("transaction.state.log.min.isr", "1");
    all.put("transaction.state.log.num.partitions", "5");
    all.put("share.coordinator.state.topic.replication.factor", "1");
    all.put("share.coordinator.state.topic.min.isr", "1");
    all.put("group.initial.rebalance.delay.ms", "0");
    // A killed broker is let in again only when its former session has run out.
    all.put("broker.session.timeout.ms", "3000");
    all.put("broker.heartbeat.interval.ms", "500");
    all.put("auto.create.topics.enable", "false");
    all.put("message.max.bytes", MAX_MESSAGE_BYTES);
    all.put("replica.fetch.max.bytes", MAX_MESSAGE_BYTES);
    return all;
  }

  /** A node of a cluster knows the others by ports of this machine, so it cannot be a container. */
  @Override
  Optional<ServerImage> image(int onPort) {
    if (settings.containsKey("listeners")) {
      return Optional.empty();
    }
    Map<String, String> all = shared();
    all.put("controller.quorum.voters", "1@127.0.0.1:9093");
    // The broker calls itself too, to end transactions, and the port outside is not there inside.
    all.put("listeners", "PLAINTEXT://:9092,INSIDE://:19092,CONTROLLER://:9093");
    all.put(
        "advertised.listeners", "PLAINTEXT://127.0.0.1:" + onPort + ",INSIDE://127.0.0.1:19092");
    all.put("inter.broker.listener.name", "INSIDE");
    all.put(
        "listener.security.protocol.map",
        "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT");
    all.putAll(settings);
    Map<String, String> environment = new LinkedHashMap<>();
    all.forEach((name, value) -> environment.put(variable(name), value));
    environment.put(
        "KAFKA_HEAP_OPTS", String.join(" ", JavaProcess.machineArguments(jvmArguments)));
    // Those above name a collector, and there can be one only.
    environment.put("KAFKA_JVM_PERFORMANCE_OPTS", "-server");
    return Optional.of(
        new ServerImage(
            "KAFKA_IMAGE",
            "apache/kafka:4.3.1",
            9092,
            environment,
            List.of(),
            List.of("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9092")));
  }

  /** As the image's start script reads it: {@code a.b} in capitals, an underscore twice. */
  private static String variable(String property) {
    String name = property.replace("_", "__").replace("-", "___").replace('.', '_');
    return "KAFKA_" + name.toUpperCase(Locale.ROOT);
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

package dev.headwater.devservices.process;

import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * The main class of the Kafka child: formats the storage when it is new, starts the node, writes
 * the ready file and runs until SIGTERM. Arguments: the broker properties' file, the ready file.
 *
 * <p>{@code cluster.id} among the properties is ours: nodes of one cluster must be formatted with
 * the same one.
 */
public final class KafkaProcess {
  private KafkaProcess() {}

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(Path.of(arguments[0]))) {
      properties.load(in);
    }
    Object clusterId = properties.remove("cluster.id");
    format(properties, clusterId == null ? Uuid.randomUuid().toString() : clusterId.toString());
    KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
    Exit.addShutdownHook("kafka-shutdown", server::shutdown);
    try {
      server.startup();
    } catch (Throwable e) {
      e.printStackTrace();
      Exit.halt(1);
    }
    Files.writeString(Path.of(arguments[1]), Long.toString(ProcessHandle.current().pid()));
    server.awaitShutdown();
  }

  private static void format(Properties properties, String clusterId) throws Exception {
    String directory = properties.getProperty("log.dirs");
    if (Files.exists(Path.of(directory, "meta.properties"))) {
      return;
    }
    new Formatter()
        .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
        .setClusterId(clusterId)
        .setControllerListenerName("CONTROLLER")
        .setDirectories(List.of(directory))
        .setMetadataLogDirectory(directory)
        .setPrintStream(System.out)
        .run();
  }
}

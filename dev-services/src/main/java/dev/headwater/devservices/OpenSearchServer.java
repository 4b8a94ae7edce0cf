package dev.headwater.devservices;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * A real OpenSearch: one node, no security plugin, in a virtual machine of its own, with the
 * analysis, Painless, mapper and reindex modules. Extra settings are those of {@code
 * opensearch.yml}, flat.
 */
public final class OpenSearchServer extends DevServer {
  private static final String MAIN_CLASS = "dev.headwater.devservices.process.OpenSearchProcess";

  private final Map<String, String> settings;
  private final List<String> jvmArguments;

  private OpenSearchServer(ServerOptions options) {
    super("opensearch", options);
    this.settings = options.settings();
    this.jvmArguments = options.jvmArguments();
  }

  /** Starts with temporary data on a free port. */
  public static OpenSearchServer start() {
    return start(ServerOptions.defaults());
  }

  /** Starts and returns when it serves HTTP and has elected itself. */
  public static OpenSearchServer start(ServerOptions options) {
    OpenSearchServer server = new OpenSearchServer(options);
    server.startFirst();
    return server;
  }

  /** {@code http://127.0.0.1:port}. */
  public String url() {
    return "http://127.0.0.1:" + port();
  }

  @Override
  void prepareData(Path directory) {}

  @Override
  List<String> command(Path directory, int onPort) throws IOException {
    Path file = directory.resolve("opensearch.properties");
    Path ready = directory.resolve(JavaProcess.READY_FILE);
    Files.deleteIfExists(ready);
    try (Writer out = Files.newBufferedWriter(file)) {
      properties(directory, onPort).store(out, null);
    }
    return JavaProcess.command(
        MAIN_CLASS, jvmArguments, List.of(file.toString(), ready.toString()));
  }

  private Properties properties(Path directory, int onPort) {
    Properties all = new Properties();
    all.setProperty("network.host", "127.0.0.1");
    all.setProperty("path.home", directory.toString());
    all.setProperty("path.data", directory.resolve("data").toString());
    all.setProperty("path.logs", directory.resolve("logs").toString());
    all.putAll(allSettings());
    all.setProperty("http.port", Integer.toString(onPort));
    all.setProperty("transport.port", Integer.toString(LoopbackPorts.free()));
    return all;
  }

  private Map<String, String> allSettings() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("cluster.name", "headwater");
    all.put("node.name", "headwater");
    all.put("discovery.type", "single-node");
    // A developer's disk is often nearly full; that alone must not make indices read-only.
    all.put("cluster.routing.allocation.disk.threshold_enabled", "false");
    all.putAll(settings);
    return all;
  }

  @Override
  Optional<ServerImage> image(int onPort) {
    Map<String, String> environment = allSettings();
    environment.put("DISABLE_SECURITY_PLUGIN", "true");
    environment.put("DISABLE_INSTALL_DEMO_CONFIG", "true");
    environment.put(
        "OPENSEARCH_JAVA_OPTS",
        String.join(" ", JavaProcess.withoutCollector(JavaProcess.machineArguments(jvmArguments))));
    return Optional.of(
        new ServerImage(
            "OPENSEARCH_IMAGE",
            "opensearchproject/opensearch:2.19.1",
            9200,
            environment,
            List.of(),
            List.of(
                "curl",
                "-fsS",
                "-o",
                "/dev/null",
                "http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow&timeout=1s")));
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

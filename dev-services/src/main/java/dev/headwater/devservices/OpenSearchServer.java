package dev.headwater.devservices;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
    all.setProperty("cluster.name", "headwater");
    all.setProperty("node.name", "headwater");
    all.setProperty("discovery.type", "single-node");
    all.setProperty("network.host", "127.0.0.1");
    all.setProperty("path.home", directory.toString());
    all.setProperty("path.data", directory.resolve("data").toString());
    all.setProperty("path.logs", directory.resolve("logs").toString());
    // A developer's disk is often nearly full; that alone must not make indices read-only.
    all.setProperty("cluster.routing.allocation.disk.threshold_enabled", "false");
    all.putAll(settings);
    all.setProperty("http.port", Integer.toString(onPort));
    all.setProperty("transport.port", Integer.toString(LoopbackPorts.free()));
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

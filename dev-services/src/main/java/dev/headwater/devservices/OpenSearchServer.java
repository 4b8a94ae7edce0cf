package dev.headwater.devservices;

import java.nio.file.Path;
import java.util.List;

/** Placeholder body follows with the OpenSearch child. */
public final class OpenSearchServer extends DevServer {
  private OpenSearchServer(ServerOptions options) {
    super("opensearch", options);
  }

  /** Starts with temporary data on a free port. */
  public static OpenSearchServer start() {
    return start(ServerOptions.defaults());
  }

  /** Starts and returns when it serves requests. */
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
  List<String> command(Path directory, int onPort) {
    return List.of();
  }

  @Override
  boolean isReady(Path directory, int onPort, long processId) {
    return false;
  }

  @Override
  String stopSignal() {
    return "TERM";
  }
}

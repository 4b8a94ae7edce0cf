package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Kafka Connect, standalone, with Debezium's plugins on its class path: one virtual machine of 2
 * GiB for all runs of one setting, so that it is warm from its second run on.
 */
final class Connect implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long START_SECONDS = 120;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Process process;
  private final Path log;
  private final URI connectors;

  private Connect(Process process, Path log, int port) {
    this.process = process;
    this.log = log;
    this.connectors = URI.create("http://127.0.0.1:" + port + "/connectors/");
  }

  /**
   * Starts a worker and returns when it answers.
   *
   * @param classPath the peers' jars
   * @param work where its files go
   * @param name names them
   * @param worker more settings of the worker, such as those of its producers
   */
  static Connect start(
      String classPath, Path work, String name, String brokers, Map<String, String> worker) {
    int port = freePort();
    StringBuilder file = new StringBuilder();
    file.append("bootstrap.servers=").append(brokers).append('\n');
    file.append("listeners=http://127.0.0.1:").append(port).append('\n');
    file.append("offset.storage.file.filename=").append(work.resolve(name + ".offsets"));
    file.append(
        """

        key.converter=org.apache.kafka.connect.json.JsonConverter
        value.converter=org.apache.kafka.connect.json.JsonConverter
        key.converter.schemas.enable=false
        value.converter.schemas.enable=false
        plugin.discovery=only_scan
        """);
    worker.forEach((key, value) -> file.append(key).append('=').append(value).append('\n'));
    Path log = work.resolve(name + ".log");
    try {
      Path properties = Files.writeString(work.resolve(name + ".properties"), file);
      Path logback = work.resolve(name + ".logback.xml");
      Files.writeString(
          logback,
          """
          <configuration>
            <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
              <encoder><pattern>%d %-5level %logger{20} %msg%n</pattern></encoder>
            </appender>
            <root level="WARN"><appender-ref ref="OUT"/></root>
          </configuration>
          """);
      ProcessBuilder builder =
          new ProcessBuilder(
                  List.of(
                      Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                      "-Xms2g",
                      "-Xmx2g",
                      "-XX:+UseG1GC",
                      "-Dlogback.configurationFile=" + logback,
                      "-cp",
                      classPath,
                      "org.apache.kafka.connect.cli.ConnectStandalone",
                      properties.toString()))
              .directory(work.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      Process process = Children.start(builder);
      Connect connect = new Connect(process, log, port);
      connect.awaitAnswer();
      return connect;
    } catch (IOException e) {
      throw new BenchmarkException("Kafka Connect cannot be started", e);
    }
  }

  private void awaitAnswer() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      requireAlive();
      try {
        if (send("GET", "", "").statusCode() == 200) {
          return;
        }
      } catch (IOException notYet) {
        // The REST server comes last.
      }
      if (System.nanoTime() > deadline) {
        close();
        throw new BenchmarkException("Kafka Connect does not answer: " + output());
      }
      Clock.pause(100);
    }
  }

  /** Makes a connector, which starts at once. */
  void create(String name, Map<String, String> config) {
    String body =
        JSON.createObjectNode()
            .put("name", name)
            .set("config", JSON.valueToTree(config))
            .toString();
    try {
      HttpResponse<String> answer = send("POST", "", body);
      if (answer.statusCode() >= 300) {
        throw new BenchmarkException("Kafka Connect refused " + name + ": " + answer.body());
      }
    } catch (IOException e) {
      throw new BenchmarkException("Kafka Connect does not answer", e);
    }
  }

  /** Fails if the connector or its task has failed. */
  void requireRunning(String name) {
    requireAlive();
    try {
      JsonNode status = JSON.readTree(send("GET", name + "/status", "").body());
      if (status.toString().contains("FAILED")) {
        throw new BenchmarkException("Connector " + name + " failed: " + status);
      }
    } catch (IOException e) {
      throw new BenchmarkException("Kafka Connect does not answer", e);
    }
  }

  void delete(String name) {
    try {
      send("DELETE", name, "");
    } catch (IOException e) {
      throw new BenchmarkException("Kafka Connect does not answer", e);
    }
  }

  long pid() {
    return process.pid();
  }

  void requireAlive() {
    if (!process.isAlive()) {
      throw new BenchmarkException("Kafka Connect ended early: " + output());
    }
  }

  private String output() {
    try {
      String all = Files.readString(log);
      return all.substring(Math.max(0, all.length() - 4000));
    } catch (IOException e) {
      return "(its output cannot be read)";
    }
  }

  private HttpResponse<String> send(String method, String path, String body) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(connectors.resolve(path.isEmpty() ? "../connectors" : path))
            .header("Content-Type", "application/json")
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchmarkException("interrupted", e);
    }
  }

  private static int freePort() {
    try (java.net.ServerSocket socket =
        new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new BenchmarkException("No port is free", e);
    }
  }

  @Override
  public void close() {
    Children.end(process);
  }
}

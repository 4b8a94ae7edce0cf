package dev.headwater.devservices;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A real Redis with an append-only file, so that a killed one comes back with its data. Extra
 * settings are those of {@code redis.conf}, values written as there.
 *
 * <p>The Linux program for amd64 is linked to OpenSSL 3 ({@code libssl.so.3}) of the machine.
 */
public final class RedisServer extends DevServer {
  private static final String JAR = "embedded-redis-";
  private static final int PATIENCE_MILLIS = 2_000;

  private final Map<String, String> settings;

  private RedisServer(ServerOptions options) {
    super("redis", options);
    this.settings = options.settings();
  }

  /** Starts with temporary data on a free port. */
  public static RedisServer start() {
    return start(ServerOptions.defaults());
  }

  /** Starts and returns when it answers PING, its data loaded. */
  public static RedisServer start(ServerOptions options) {
    RedisServer server = new RedisServer(options);
    server.startFirst();
    return server;
  }

  /** {@code redis://127.0.0.1:port}. */
  public String url() {
    return "redis://127.0.0.1:" + port();
  }

  @Override
  void prepareData(Path directory) {}

  @Override
  List<String> command(Path directory, int onPort) throws IOException {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("bind", "127.0.0.1");
    all.put("dir", '"' + directory.toString() + '"');
    all.put("daemonize", "no");
    all.putAll(allSettings());
    all.put("port", Integer.toString(onPort));
    StringBuilder file = new StringBuilder();
    all.forEach((name, value) -> file.append(name).append(' ').append(value).append('\n'));
    Path configuration = directory.resolve("redis.conf");
    Files.writeString(configuration, file);
    return List.of(program().toString(), configuration.toString());
  }

  private Map<String, String> allSettings() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("appendonly", "yes");
    all.put("save", "\"\"");
    all.putAll(settings);
    return all;
  }

  @Override
  Optional<ServerImage> image(int onPort) {
    List<String> command = new ArrayList<>(List.of("redis-server"));
    allSettings()
        .forEach((name, value) -> command.addAll(List.of("--" + name, value.replace("\"", ""))));
    return Optional.of(
        new ServerImage(
            "REDIS_IMAGE",
            "redis:7",
            6379,
            Map.of(),
            command,
            // While it loads its file it answers -LOADING.
            List.of("sh", "-c", "redis-cli ping | grep -q PONG")));
  }

  @Override
  boolean isReady(Path directory, int onPort, long processId) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", onPort), PATIENCE_MILLIS);
      socket.setSoTimeout(PATIENCE_MILLIS);
      OutputStream question = socket.getOutputStream();
      question.write("INFO server\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII));
      return isOwnAnswer(socket.getInputStream(), processId);
    }
  }

  /**
   * Whether the process asked is ours, not another Redis that was faster to take the port, and its
   * data is loaded: while it loads its file it answers -LOADING to PING.
   */
  private static boolean isOwnAnswer(InputStream answers, long processId) throws IOException {
    var lines = new BufferedReader(new InputStreamReader(answers, StandardCharsets.US_ASCII));
    String ownId = "process_id:" + processId;
    boolean isOwn = false;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      isOwn |= line.equals(ownId);
      if (line.equals("+PONG")) {
        return isOwn;
      }
      if (line.startsWith("-")) {
        return false;
      }
    }
    return false;
  }

  @Override
  String stopSignal() {
    return "TERM";
  }

  private static Path program() {
    Path jar = ServerLibraries.jar(JAR);
    String name = jar.getFileName().toString().replace(".jar", "");
    return ServerCache.entry(name, directory -> unpack(jar, directory)).resolve("redis-server");
  }

  private static void unpack(Path jar, Path directory) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      ZipEntry program =
          zip.stream()
              .filter(entry -> entry.getName().startsWith("redis-server-"))
              .filter(entry -> entry.getName().endsWith(platform()))
              .findFirst()
              .orElseThrow(
                  () -> new IOException("No redis-server for " + platform() + " in " + jar));
      Path file = directory.resolve("redis-server");
      try (InputStream in = new BufferedInputStream(zip.getInputStream(program))) {
        Files.copy(in, file);
      }
      if (!file.toFile().setExecutable(true)) {
        throw new IOException(file + " cannot be made executable");
      }
    }
  }

  private static String platform() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch", "");
    return (system.startsWith("mac") ? "darwin" : "linux")
        + (machine.equals("aarch64") ? "-arm64" : "-amd64");
  }
}

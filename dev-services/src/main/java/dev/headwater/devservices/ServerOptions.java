package dev.headwater.devservices;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a caller may ask of a server before it starts; the same for all four. Immutable: every
 * {@code with} method answers a copy.
 *
 * <p>Without a word: a temporary data directory, any free port, the server's settings as its class
 * lists them, four minutes to come up, for a busy machine.
 */
public final class ServerOptions {
  private static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(240);

  private final @Nullable Path dataDir;
  private final int port;
  private final Map<String, String> settings;
  private final List<String> jvmArguments;
  private final Duration startTimeout;

  private ServerOptions(
      @Nullable Path dataDir,
      int port,
      Map<String, String> settings,
      List<String> jvmArguments,
      Duration startTimeout) {
    this.dataDir = dataDir;
    this.port = port;
    this.settings = settings;
    this.jvmArguments = jvmArguments;
    this.startTimeout = startTimeout;
  }

  /** Temporary data, any free port, no extra settings. */
  public static ServerOptions defaults() {
    return new ServerOptions(null, 0, Map.of(), List.of(), DEFAULT_START_TIMEOUT);
  }

  /**
   * Keeps the data in {@code directory} (made when missing) and leaves it there at close, so that a
   * later server can go on with it. Its log is in there too.
   */
  public ServerOptions withDataDir(Path directory) {
    Path absolute = directory.toAbsolutePath().normalize();
    return new ServerOptions(absolute, port, settings, jvmArguments, startTimeout);
  }

  /** Asks for one port (1 to 65535) instead of any free one; start fails when it is taken. */
  public ServerOptions withPort(int fixedPort) {
    if (fixedPort < 1 || fixedPort > 65_535) {
      throw new IllegalArgumentException("Port " + fixedPort + " is not between 1 and 65535");
    }
    return new ServerOptions(dataDir, fixedPort, settings, jvmArguments, startTimeout);
  }

  /**
   * Adds one setting in the server's own words; it wins over the defaults of the server's class.
   */
  public ServerOptions withSetting(String name, String value) {
    return withSettings(Map.of(name, value));
  }

  /** Adds settings in the server's own words; they win over the defaults of the server's class. */
  public ServerOptions withSettings(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(settings);
    all.putAll(more);
    return new ServerOptions(dataDir, port, Map.copyOf(all), jvmArguments, startTimeout);
  }

  /**
   * Adds arguments for the virtual machine of Kafka or OpenSearch, after the defaults, for example
   * {@code -Xmx2g}; a garbage collector named here takes the place of the default one. PostgreSQL
   * and Redis have no use for them.
   */
  public ServerOptions withJvmArguments(String... arguments) {
    List<String> all = new ArrayList<>(jvmArguments);
    all.addAll(List.of(arguments));
    return new ServerOptions(dataDir, port, settings, List.copyOf(all), startTimeout);
  }

  /** How long {@code start} and {@code restart} wait before they give up. */
  public ServerOptions withStartTimeout(Duration timeout) {
    return new ServerOptions(dataDir, port, settings, jvmArguments, timeout);
  }

  Optional<Path> dataDir() {
    return Optional.ofNullable(dataDir);
  }

  /** The port asked for, or 0 for any. */
  int port() {
    return port;
  }

  Map<String, String> settings() {
    return settings;
  }

  List<String> jvmArguments() {
    return jvmArguments;
  }

  Duration startTimeout() {
    return startTimeout;
  }
}

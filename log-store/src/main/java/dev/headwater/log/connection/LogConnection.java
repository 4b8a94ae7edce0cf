package dev.headwater.log.connection;

import dev.headwater.log.config.LogConfig;
import dev.headwater.log.embedded.EmbeddedBroker;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * The log's brokers, reached: what every reader and writer is made from.
 *
 * <p>Where the configuration names no brokers, this is a real broker inside a process: the one that
 * already runs on the same files, or one started here. Opened once a process by the wiring, used by
 * any thread, closed last.
 */
public final class LogConnection implements AutoCloseable {
  private static final Duration REACH_TIMEOUT = Duration.ofSeconds(10);

  private final LogConfig config;
  private final LogAddress address;
  private final @Nullable EmbeddedBroker broker;
  private final Admin admin;

  private LogConnection(LogConfig config, LogAddress address, @Nullable EmbeddedBroker broker) {
    this.config = config;
    this.address = address;
    this.broker = broker;
    this.admin = Admin.create(clientProperties());
  }

  /**
   * Reaches the log, starting the embedded broker if the configuration asks for it and nobody runs
   * it.
   *
   * @throws HeadwaterException {@link FailureCode#LOG_UNREACHABLE} if no broker answers in ten
   *     seconds
   */
  public static LogConnection open(LogConfig config) {
    return open(config, true);
  }

  /** Reaches a log that runs already; an embedded broker is looked for, but not started. */
  public static LogConnection join(LogConfig config) {
    return open(config, false);
  }

  private static LogConnection open(LogConfig config, boolean mayStart) {
    EmbeddedBroker broker = null;
    String servers;
    if (config.bootstrapServers().isPresent()) {
      servers = config.bootstrapServers().get();
    } else {
      java.util.Optional<String> running = EmbeddedBroker.find(config.directory());
      if (running.isPresent()) {
        servers = running.get();
      } else if (mayStart) {
        broker = EmbeddedBroker.start(config.directory());
        servers = broker.address();
      } else {
        throw new HeadwaterException(
            FailureCode.NOTHING_RUNNING,
            "log – no Headwater runs on '" + config.directory() + "'",
            "Start one with 'headwater run', or name the brokers under 'log: bootstrap_servers'.");
      }
    }
    LogConnection connection = new LogConnection(config, new LogAddress(servers), broker);
    try {
      connection.requireReachable();
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
    return connection;
  }

  private void requireReachable() {
    try {
      admin.describeCluster().clusterId().get(REACH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      if (e instanceof TimeoutException
          || e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException) {
        throw new HeadwaterException(
            FailureCode.LOG_UNREACHABLE,
            "log at "
                + address
                + " – no broker answered within "
                + REACH_TIMEOUT.toSeconds()
                + " s",
            "Check 'log: bootstrap_servers' (host and port of at least one broker), and that the"
                + " brokers are up. Leave the block out to use the embedded broker.",
            e);
      }
      throw LogFailures.translate("looking for the cluster", address, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE, "log – interrupted while it was looked for", "", e);
    }
  }

  /** How the log is laid out. */
  public LogConfig config() {
    return config;
  }

  /** Where the brokers are. */
  public LogAddress address() {
    return address;
  }

  /** Whether the broker runs inside this process. */
  public boolean isBrokerOurs() {
    return broker != null;
  }

  /** Properties that every client has; the caller adds its own. */
  public Map<String, Object> clientProperties() {
    Map<String, Object> properties = new HashMap<>();
    config.properties().forEach((name, value) -> properties.put(name, value.reveal()));
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, address.bootstrapServers());
    properties.putIfAbsent(CommonClientConfigs.CLIENT_ID_CONFIG, "headwater");
    properties.putIfAbsent("enable.metrics.push", "false");
    return properties;
  }

  /** The one administrative client; thread-safe. */
  public Admin admin() {
    return admin;
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(5));
    if (broker != null) {
      broker.close();
    }
  }
}

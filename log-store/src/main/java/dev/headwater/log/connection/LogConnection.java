package dev.headwater.log.connection;

import dev.headwater.log.config.LogConfig;
import dev.headwater.log.embedded.EmbeddedBroker;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
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
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  /** A broker that another process starts on the same files is ready in a few seconds. */
  private static final Duration START_ELSEWHERE_TIMEOUT = Duration.ofSeconds(20);

  /** Kafka waits a minute by default: too long for somebody at a terminal. */
  private static final int ADMIN_TIMEOUT_MS = 15_000;

  private final LogConfig config;
  private final LogAddress address;
  private final @Nullable EmbeddedBroker broker;
  private final Admin admin;

  private LogConnection(LogConfig config, LogAddress address, @Nullable EmbeddedBroker broker) {
    this.config = config;
    this.address = address;
    this.broker = broker;
    Map<String, Object> properties = clientProperties();
    properties.putIfAbsent(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ADMIN_TIMEOUT_MS);
    properties.putIfAbsent(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ADMIN_TIMEOUT_MS);
    this.admin = Admin.create(properties);
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
    if (config.bootstrapServers().isPresent()) {
      return reach(config, config.bootstrapServers().get(), null);
    }
    Optional<String> running = EmbeddedBroker.find(config.directory());
    if (running.isPresent()) {
      return reach(config, running.get(), null);
    }
    if (!mayStart) {
      // On a busy machine a broker that runs may take longer to answer than a look at it lasts.
      long patience = System.nanoTime() + REACH_TIMEOUT.toNanos();
      while (EmbeddedBroker.mayRun(config.directory()) && System.nanoTime() < patience) {
        running = EmbeddedBroker.find(config.directory());
        if (running.isPresent()) {
          return reach(config, running.get(), null);
        }
      }
      throw new HeadwaterException(
          FailureCode.NOTHING_RUNNING,
          "log – no Headwater runs on '" + config.directory() + "'",
          "Start one with 'headwater run', or name the brokers under 'log: bootstrap_servers'.");
    }
    long deadline = System.nanoTime() + START_ELSEWHERE_TIMEOUT.toNanos();
    while (true) {
      Optional<EmbeddedBroker> started = EmbeddedBroker.tryStart(config.directory());
      if (started.isPresent()) {
        return reach(config, started.get().address(), started.get());
      }
      // Somebody else holds the files: it is about to be ready, or about to let go of them.
      running = EmbeddedBroker.find(config.directory());
      if (running.isPresent()) {
        return reach(config, running.get(), null);
      }
      if (System.nanoTime() > deadline) {
        throw EmbeddedBroker.heldElsewhere(config.directory());
      }
      pause();
    }
  }

  private static LogConnection reach(
      LogConfig config, String servers, @Nullable EmbeddedBroker broker) {
    LogAddress address = new LogAddress(servers);
    LogConnection connection;
    try {
      connection = new LogConnection(config, address, broker);
    } catch (RuntimeException e) {
      if (broker != null) {
        broker.close();
      }
      throw LogFailures.translate("looking for the cluster", address, e);
    }
    try {
      connection.requireReachable();
      return connection;
    } catch (RuntimeException e) {
      connection.close(Duration.ZERO);
      throw e;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static HeadwaterException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "log – interrupted while it was looked for",
        "Nothing is known to be wrong with the log; the worker was told to end.",
        e);
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
      throw interrupted(e);
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

  /** The brokers, as a Kafka client is told of them. */
  public String bootstrapServers() {
    return address.bootstrapServers();
  }

  /** Whether the log is a broker inside a process, this one or another. */
  public boolean isEmbedded() {
    return config.bootstrapServers().isEmpty();
  }

  /** Whether the broker runs inside this process, and ends when this connection is closed. */
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
    close(CLOSE_TIMEOUT);
  }

  private void close(Duration timeout) {
    admin.close(timeout);
    if (broker != null) {
      broker.close();
    }
  }
}

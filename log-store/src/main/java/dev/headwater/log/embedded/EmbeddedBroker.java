package dev.headwater.log.embedded;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Kafka broker, controller and all (KRaft), in this process.
 *
 * <p>It listens on loopback only, for it asks nobody who they are. Its files stay from run to run,
 * and so does its port while it is free. A lock on the directory keeps a second process from
 * starting another broker on the same files; that process finds this one by the address file, which
 * is written when the broker is ready.
 *
 * <p>There is one copy of the log and no more: good for a laptop, a test and a first look. Like any
 * Kafka broker it acknowledges what the operating system has: a killed process loses nothing, a
 * machine that loses its power may.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
  private static final int PROBE_MILLIS = 10_000;

  private final Path home;
  private final DirectoryLock lock;
  private final KafkaRaftServer server;
  private final String address;
  private boolean closed;

  private EmbeddedBroker(Path home, DirectoryLock lock, KafkaRaftServer server, String address) {
    this.home = home;
    this.lock = lock;
    this.server = server;
    this.address = address;
  }

  /** The address of a broker that runs on this directory in any process; empty if none does. */
  public static Optional<String> find(Path directory) {
    try {
      return BrokerAddress.read(directory)
          .filter(BrokerAddress::isProcessAlive)
          .filter(EmbeddedBroker::answers)
          .map(BrokerAddress::bootstrapServers);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a broker on this directory; returns when it is ready.
   *
   * @throws HeadwaterException if one runs there already, or if it does not come up
   */
  public static EmbeddedBroker start(Path directory) {
    return tryStart(directory).orElseThrow(() -> heldElsewhere(directory));
  }

  /**
   * Starts a broker on this directory, unless somebody else runs, starts or stops one there.
   *
   * @throws HeadwaterException if it does not come up
   */
  public static Optional<EmbeddedBroker> tryStart(Path directory) {
    Path home = directory.toAbsolutePath().normalize();
    DirectoryLock lock = null;
    KafkaRaftServer server = null;
    try {
      Files.createDirectories(home);
      Optional<DirectoryLock> taken = DirectoryLock.tryTake(home);
      if (taken.isEmpty()) {
        return Optional.empty();
      }
      lock = taken.get();
      // Left behind by a process that was killed; nobody may follow it while we start.
      BrokerAddress.delete(home);
      BrokerPorts ports = BrokerPorts.choose(home);
      Path data = home.resolve("data");
      String clusterId = format(data);
      server = new KafkaRaftServer(new KafkaConfig(properties(data, ports), false), Time.SYSTEM);
      server.startup();
      String address = "127.0.0.1:" + ports.broker();
      new BrokerAddress(address, ProcessHandle.current().pid(), clusterId).write(home);
      LOG.atInfo().addKeyValue("address", address).log("embedded broker is ready");
      return Optional.of(new EmbeddedBroker(home, lock, server, address));
    } catch (Exception e) {
      giveUp(server, lock, e);
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE,
          "embedded broker – did not start on '" + home + "': " + e,
          "Check that the directory can be written to and that there is room on its disk.",
          e);
    }
  }

  /** That the files are held by somebody whose broker is not to be reached. */
  public static HeadwaterException heldElsewhere(Path directory) {
    return new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "embedded broker – another process holds '"
            + directory
            + "', and its broker does not answer",
        "Wait a moment and try again, or stop that process"
            + " ('fuser' on the file 'lock' in that directory names it).");
  }

  /** What clients connect to. */
  public String address() {
    return address;
  }

  /** Shuts the broker down; its files stay. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      BrokerAddress.delete(home);
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("address file was not removed");
    }
    server.shutdown();
    server.awaitShutdown();
    try {
      lock.close();
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("lock file did not close");
    }
  }

  private static void giveUp(
      @Nullable KafkaRaftServer server, @Nullable DirectoryLock lock, Exception reason) {
    try (DirectoryLock released = lock) {
      if (server != null) {
        server.shutdown();
      }
    } catch (IOException | RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  /** Makes the storage where it is new, and says which cluster it belongs to. */
  private static String format(Path data) throws Exception {
    Path meta = data.resolve("meta.properties");
    if (!Files.exists(meta)) {
      new Formatter()
          .setNodeId(1)
          .setClusterId(Uuid.randomUuid().toString())
          .setControllerListenerName("CONTROLLER")
          .setDirectories(List.of(data.toString()))
          .setMetadataLogDirectory(data.toString())
          .setPrintStream(
              new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
          .run();
    }
    Properties written = new Properties();
    try (Reader in = Files.newBufferedReader(meta)) {
      written.load(in);
    }
    return written.getProperty("cluster.id", "");
  }

  private static Properties properties(Path data, BrokerPorts ports) {
    Properties p = new Properties();
    p.put("node.id", "1");
    p.put("process.roles", "broker,controller");
    p.put(
        "listeners",
        "PLAINTEXT://127.0.0.1:"
            + ports.broker()
            + ",CONTROLLER://127.0.0.1:"
            + ports.controller());
    p.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + ports.broker());
    p.put("controller.listener.names", "CONTROLLER");
    p.put("controller.quorum.voters", "1@127.0.0.1:" + ports.controller());
    p.put("log.dirs", data.toString());
    p.put("auto.create.topics.enable", "false");
    p.put("offsets.topic.replication.factor", "1");
    p.put("offsets.topic.num.partitions", "5");
    p.put("transaction.state.log.replication.factor", "1");
    p.put("transaction.state.log.min.isr", "1");
    p.put("transaction.state.log.num.partitions", "5");
    p.put("share.coordinator.state.topic.replication.factor", "1");
    p.put("share.coordinator.state.topic.min.isr", "1");
    p.put("group.initial.rebalance.delay.ms", "0");
    p.put("message.max.bytes", String.valueOf(64 << 20));
    p.put("num.network.threads", "2");
    p.put("num.io.threads", "4");
    p.put("num.recovery.threads.per.data.dir", "2");
    // After a kill the controller lets the broker in again only when its former session has run
    // out.
    // Both live in this process, so that a pause of it stops the clock of neither alone.
    p.put("broker.session.timeout.ms", "2000");
    p.put("broker.heartbeat.interval.ms", "500");
    // A third of Kafka's default, for it is taken from this process's heap at the start.
    p.put("log.cleaner.dedupe.buffer.size", String.valueOf(32 << 20));
    return p;
  }

  /** Whether the process that last wrote its address here still runs, answering or not. */
  public static boolean mayRun(Path directory) {
    try {
      return BrokerAddress.read(directory).filter(BrokerAddress::isProcessAlive).isPresent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the broker at this address is the one that wrote it, and serves. */
  private static boolean answers(BrokerAddress address) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers", address.bootstrapServers(),
            "client.id", "headwater-probe",
            "enable.metrics.push", "false");
    try (Admin admin = Admin.create(properties)) {
      try {
        String found = admin.describeCluster().clusterId().get(PROBE_MILLIS, TimeUnit.MILLISECONDS);
        return address.clusterId().equals(found);
      } finally {
        admin.close(java.time.Duration.ZERO);
      }
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}

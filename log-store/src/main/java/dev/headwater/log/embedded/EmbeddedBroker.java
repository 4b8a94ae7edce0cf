package dev.headwater.log.embedded;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
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
 * <p>There is one copy of the log and no more: good for a laptop, a test and a first look.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
  private static final String ADDRESS_FILE = "address";
  private static final String LOCK_FILE = "lock";
  private static final int PROBE_MILLIS = 500;

  private final KafkaRaftServer server;
  private final String address;
  private final Path addressFile;
  private final FileChannel lockChannel;

  private EmbeddedBroker(
      KafkaRaftServer server, String address, Path addressFile, FileChannel lockChannel) {
    this.server = server;
    this.address = address;
    this.addressFile = addressFile;
    this.lockChannel = lockChannel;
  }

  /** The address of a broker that runs on this directory in any process; empty if none does. */
  public static Optional<String> find(Path directory) {
    Path file = directory.resolve(ADDRESS_FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      String found = Files.readString(file).trim();
      return isLocked(directory) && answers(found) ? Optional.of(found) : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a broker on this directory; returns when it is ready.
   *
   * @throws HeadwaterException if another process is starting one, or if it does not come up
   */
  public static EmbeddedBroker start(Path directory) {
    Path home = directory.toAbsolutePath().normalize();
    FileChannel lock = null;
    try {
      Files.createDirectories(home);
      lock = lock(home);
      int[] ports = ports(home.resolve("ports"));
      String address = "127.0.0.1:" + ports[0];
      Properties properties = properties(home.resolve("data"), ports);
      format(home.resolve("data"));
      KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
      server.startup();
      Path file = home.resolve(ADDRESS_FILE);
      Path next = home.resolve(ADDRESS_FILE + ".new");
      Files.writeString(next, address + "\n");
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      LOG.atInfo().addKeyValue("address", address).log("embedded broker is ready");
      return new EmbeddedBroker(server, address, file, lock);
    } catch (HeadwaterException e) {
      throw e;
    } catch (Exception e) {
      closeQuietly(lock);
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE,
          "embedded broker – did not start on '" + home + "': " + e,
          "Check that the directory can be written to and that there is room on its disk.",
          e);
    }
  }

  /** What clients connect to. */
  public String address() {
    return address;
  }

  /** Shuts the broker down; its files stay. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(addressFile);
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("address file was not removed");
    }
    server.shutdown();
    server.awaitShutdown();
    closeQuietly(lockChannel);
  }

  private static void format(Path data) throws Exception {
    if (Files.exists(data.resolve("meta.properties"))) {
      return;
    }
    new Formatter()
        .setNodeId(1)
        .setClusterId(Uuid.randomUuid().toString())
        .setControllerListenerName("CONTROLLER")
        .setDirectories(List.of(data.toString()))
        .setMetadataLogDirectory(data.toString())
        .setPrintStream(new PrintStream(java.io.OutputStream.nullOutputStream(), false, "UTF-8"))
        .run();
  }

  private static Properties properties(Path data, int[] ports) {
    Properties p = new Properties();
    p.put("node.id", "1");
    p.put("process.roles", "broker,controller");
    p.put("listeners", "PLAINTEXT://127.0.0.1:" + ports[0] + ",CONTROLLER://127.0.0.1:" + ports[1]);
    p.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + ports[0]);
    p.put("controller.listener.names", "CONTROLLER");
    p.put("controller.quorum.voters", "1@127.0.0.1:" + ports[1]);
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
    p.put("log.cleaner.dedupe.buffer.size", String.valueOf(32 << 20));
    return p;
  }

  /** The ports of the former run while they are free, so that clients elsewhere find it again. */
  private static int[] ports(Path file) throws IOException {
    if (Files.exists(file)) {
      List<String> former = Files.readAllLines(file);
      int[] ports = {Integer.parseInt(former.get(0)), Integer.parseInt(former.get(1))};
      if (isFree(ports[0]) && isFree(ports[1])) {
        return ports;
      }
    }
    try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Files.write(
          file,
          List.of(String.valueOf(first.getLocalPort()), String.valueOf(second.getLocalPort())));
      return new int[] {first.getLocalPort(), second.getLocalPort()};
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static FileChannel lock(Path home) throws IOException {
    FileChannel channel =
        FileChannel.open(
            home.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = tryLock(channel);
    if (lock == null) {
      channel.close();
      throw new HeadwaterException(
          FailureCode.LOG_UNREACHABLE,
          "embedded broker – another process is starting or stopping one on '" + home + "'",
          "Wait a moment and try again, or stop the other process.");
    }
    return channel;
  }

  private static boolean isLocked(Path directory) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      return tryLock(channel) == null;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static boolean answers(String address) {
    int colon = address.lastIndexOf(':');
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
          PROBE_MILLIS);
      return true;
    } catch (IOException | RuntimeException e) {
      return false;
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.atDebug().setCause(e).log("lock file did not close");
      }
    }
  }
}

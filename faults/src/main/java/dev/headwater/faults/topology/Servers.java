package dev.headwater.faults.topology;

import dev.headwater.devservices.KafkaCluster;
import dev.headwater.devservices.KafkaDoor;
import dev.headwater.devservices.OpenSearchServer;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.ServerOptions;
import dev.headwater.devservices.TcpProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * Source, log, cache, search and replica, each a real server of its own, and a proxy on every link
 * that Headwater uses. The workload and the oracles go past the proxies.
 */
public final class Servers implements AutoCloseable {
  /** The database on the source that is captured, and on the replica that is written. */
  public static final String DATABASE = "shop";

  private static final String CAPTURE_DOOR = "CAPTURE";
  private static final String SINKS_DOOR = "SINKS";

  private final int brokerCount;
  private final Optional<Disk> sourceDisk;
  private final Optional<Disk> brokerDisk;
  private final Optional<Disk> cacheDisk;
  private final Path logDirectory;
  private final List<TcpProxy> proxies = new ArrayList<>();
  private final TcpProxy sourceLink = proxy("capture-source");
  private final TcpProxy cacheLink = proxy("sink-cache");
  private final TcpProxy searchLink = proxy("sink-search");
  private final TcpProxy replicaLink = proxy("sink-replica");
  private final List<TcpProxy> captureLogLinks;
  private final List<TcpProxy> sinksLogLinks;
  private final PostgresServer source;
  private final PostgresServer replica;
  private final KafkaCluster log;
  private final RedisServer cache;
  private final OpenSearchServer search;

  private Servers(int brokerCount) throws IOException {
    this.brokerCount = brokerCount;
    this.sourceDisk = Disk.mount("source");
    this.brokerDisk = Disk.mount("broker");
    this.cacheDisk = Disk.mount("cache");
    this.logDirectory = Files.createTempDirectory("headwater-faults-log-");
    this.captureLogLinks = brokerProxies("capture-log");
    this.sinksLogLinks = brokerProxies("sinks-log");
    CompletableFuture<OpenSearchServer> searching =
        CompletableFuture.supplyAsync(
            () -> OpenSearchServer.start(ServerOptions.defaults().withJvmArguments("-Xmx512m")));
    CompletableFuture<KafkaCluster> logging = CompletableFuture.supplyAsync(this::startLog);
    CompletableFuture<PostgresServer> replicating =
        CompletableFuture.supplyAsync(PostgresServer::start);
    CompletableFuture<RedisServer> caching =
        CompletableFuture.supplyAsync(() -> RedisServer.start(on(cacheDisk)));
    source = PostgresServer.start(on(sourceDisk).withSetting("deadlock_timeout", "100ms"));
    search = searching.join();
    log = logging.join();
    replica = replicating.join();
    cache = caching.join();
    sourceLink.forwardTo(source.port());
    cacheLink.forwardTo(cache.port());
    searchLink.forwardTo(search.port());
    replicaLink.forwardTo(replica.port());
    for (int node = 0; node < brokerCount; node++) {
      captureLogLinks.get(node).forwardTo(log.doorPorts(CAPTURE_DOOR).get(node));
      sinksLogLinks.get(node).forwardTo(log.doorPorts(SINKS_DOOR).get(node));
    }
  }

  private static ServerOptions on(Optional<Disk> disk) {
    ServerOptions options = ServerOptions.defaults();
    return disk.map(each -> options.withDataDir(each.directory().resolve("data"))).orElse(options);
  }

  /** Starts everything at once; returns when all answer and both databases are there. */
  public static Servers start(int brokers) throws SQLException, IOException {
    Servers servers = new Servers(brokers);
    try {
      createDatabase(servers.source);
      createDatabase(servers.replica);
      return servers;
    } catch (SQLException e) {
      servers.close();
      throw e;
    }
  }

  private static void createDatabase(PostgresServer server) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                server.jdbcUrl("postgres"), PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
    }
  }

  private KafkaCluster startLog() {
    ServerOptions options =
        ServerOptions.defaults().withJvmArguments("-Xmx384m").withDataDir(logDirectory);
    brokerDisk.ifPresent(disk -> link(logDirectory.resolve("node-1"), disk));
    return KafkaCluster.start(
        brokerCount,
        options,
        List.of(
            new KafkaDoor(CAPTURE_DOOR, ports(captureLogLinks)),
            new KafkaDoor(SINKS_DOOR, ports(sinksLogLinks))));
  }

  private static void link(Path name, Disk disk) {
    try {
      Files.createSymbolicLink(name, Files.createDirectory(disk.directory().resolve("data")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> ports(List<TcpProxy> links) {
    return links.stream().map(TcpProxy::port).toList();
  }

  private TcpProxy proxy(String name) {
    TcpProxy proxy = new TcpProxy(name);
    proxies.add(proxy);
    return proxy;
  }

  private List<TcpProxy> brokerProxies(String name) {
    return IntStream.rangeClosed(1, brokerCount).mapToObj(n -> proxy(name + "-" + n)).toList();
  }

  /** A session on the source, past the proxy. */
  public Connection connectToSource() throws SQLException {
    return DriverManager.getConnection(
        source.jdbcUrl(DATABASE), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  /** A session on the replica, past the proxy. */
  public Connection connectToReplica() throws SQLException {
    return DriverManager.getConnection(
        replica.jdbcUrl(DATABASE), PostgresServer.USER, PostgresServer.PASSWORD);
  }

  public PostgresServer source() {
    return source;
  }

  public PostgresServer replica() {
    return replica;
  }

  public KafkaCluster log() {
    return log;
  }

  public RedisServer cache() {
    return cache;
  }

  public OpenSearchServer search() {
    return search;
  }

  /** Capture's link to the source. */
  public TcpProxy sourceLink() {
    return sourceLink;
  }

  public TcpProxy cacheLink() {
    return cacheLink;
  }

  public TcpProxy searchLink() {
    return searchLink;
  }

  public TcpProxy replicaLink() {
    return replicaLink;
  }

  /** Capture's links to the brokers, by node. */
  public List<TcpProxy> captureLogLinks() {
    return captureLogLinks;
  }

  /** The sinks' links to the brokers, by node. */
  public List<TcpProxy> sinksLogLinks() {
    return sinksLogLinks;
  }

  /** The disk of the source, where it has one of its own. */
  public Optional<Disk> sourceDisk() {
    return sourceDisk;
  }

  /** The disk of the first broker, where it has one of its own. */
  public Optional<Disk> brokerDisk() {
    return brokerDisk;
  }

  /** The disk of the cache, where it has one of its own. */
  public Optional<Disk> cacheDisk() {
    return cacheDisk;
  }

  /** Takes away what a killed cache would load when it comes back. */
  public void emptyCacheFiles() throws IOException {
    deleteFiles(cache.dataDir().resolve("appendonlydir"));
  }

  private static void deleteFiles(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public void close() {
    proxies.forEach(TcpProxy::close);
    search.close();
    cache.close();
    log.close();
    replica.close();
    source.close();
    try {
      deleteFiles(logDirectory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    sourceDisk.ifPresent(Disk::close);
    brokerDisk.ifPresent(Disk::close);
    cacheDisk.ifPresent(Disk::close);
  }
}

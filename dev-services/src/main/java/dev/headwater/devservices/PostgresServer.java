package dev.headwater.devservices;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A real PostgreSQL, ready to be captured from: logical WAL, durable commits, 20 slots. Superuser
 * {@code postgres}, any password (trust), replication connections included; UTF-8, builtin C.UTF-8.
 *
 * <p>Extra settings are those of {@code postgresql.conf}; {@code ALTER SYSTEM} works as usual.
 */
public final class PostgresServer extends DevServer {
  /** The superuser. */
  public static final String USER = "postgres";

  /** Any word would do. */
  public static final String PASSWORD = "postgres";

  static final String SETTINGS_FILE = "headwater.conf";

  private static final int STATUS_LINE = 7;

  private final ServerUser user = ServerUser.unprivileged();
  private final PostgresPrograms programs = new PostgresPrograms(user);
  private final Map<String, String> settings;

  private PostgresServer(ServerOptions options) {
    super("postgresql", options);
    this.settings = options.settings();
  }

  /** Starts with temporary data on a free port. */
  public static PostgresServer start() {
    return start(ServerOptions.defaults());
  }

  /** Starts and returns when connections are accepted. */
  public static PostgresServer start(ServerOptions options) {
    PostgresServer server = new PostgresServer(options);
    server.startFirst();
    return server;
  }

  /** {@code jdbc:postgresql://127.0.0.1:port/database}. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port() + "/" + database;
  }

  /**
   * {@code postgresql://postgres:postgres@127.0.0.1:port/database}, as libpq and most tools take.
   */
  public String uri(String database) {
    return "postgresql://" + USER + ":" + PASSWORD + "@127.0.0.1:" + port() + "/" + database;
  }

  /**
   * The major version of what runs: an image may have an older one than the library. The caller
   * brings the JDBC driver.
   */
  public int majorVersion() {
    try (Connection connection = DriverManager.getConnection(jdbcUrl("postgres"), USER, PASSWORD)) {
      return connection.getMetaData().getDatabaseMajorVersion();
    } catch (SQLException e) {
      throw new DevServerException(
          "PostgreSQL on port " + port() + " does not tell its version", e);
    }
  }

  @Override
  void prepareData(Path directory) throws IOException {
    // The server's own user has to get in; the cluster below is closed to everybody but it.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    if (!Files.exists(cluster(directory))) {
      programs.copyCluster(cluster(directory));
    }
  }

  @Override
  List<String> command(Path directory, int onPort) throws IOException {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("listen_addresses", "127.0.0.1");
    all.put("unix_socket_directories", "");
    all.putAll(allSettings());
    all.put("port", Integer.toString(onPort));
    StringBuilder file = new StringBuilder();
    all.forEach(
        (name, value) ->
            file.append(name).append(" = '").append(value.replace("'", "''")).append("'\n"));
    Files.writeString(cluster(directory).resolve(SETTINGS_FILE), file);
    return user.run(
        List.of(programs.program("postgres").toString(), "-D", cluster(directory).toString()));
  }

  private Map<String, String> allSettings() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("wal_level", "logical");
    all.put("fsync", "on");
    all.put("synchronous_commit", "on");
    all.put("max_wal_senders", "20");
    all.put("max_replication_slots", "20");
    // Shared memory as files below the data directory: nothing is left in /dev/shm after a SIGKILL.
    all.put("dynamic_shared_memory_type", "mmap");
    all.putAll(settings);
    return all;
  }

  @Override
  Optional<ServerImage> image(int onPort) {
    List<String> command = new ArrayList<>(List.of("postgres"));
    allSettings().forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    return Optional.of(
        new ServerImage(
            "POSTGRES_IMAGE",
            "postgres:17",
            5432,
            Map.of(
                "POSTGRES_PASSWORD", PASSWORD,
                "POSTGRES_HOST_AUTH_METHOD", "trust",
                "POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8"),
            command,
            // Over TCP, which the server that runs the first set-up does not listen on.
            List.of("pg_isready", "-h", "127.0.0.1", "-U", USER)));
  }

  /**
   * The server writes its state into the eighth line of its pid file, which is what pg_ctl reads.
   */
  @Override
  boolean isReady(Path directory, int onPort, long processId) throws IOException {
    List<String> lines = Files.readAllLines(cluster(directory).resolve("postmaster.pid"));
    return lines.size() > STATUS_LINE
        && lines.get(0).strip().equals(Long.toString(processId))
        && lines.get(STATUS_LINE).strip().equals("ready");
  }

  /** Fast shutdown: sessions are ended, a checkpoint is written. */
  @Override
  String stopSignal() {
    return "INT";
  }

  /** Immediate shutdown; unlike SIGKILL it gives the shared memory back. */
  @Override
  String hastySignal() {
    return "QUIT";
  }

  private static Path cluster(Path directory) {
    return directory.resolve("cluster");
  }
}

package dev.headwater.faults.fault;

import dev.headwater.devservices.DevServer;
import dev.headwater.faults.topology.Disk;
import dev.headwater.faults.topology.Servers;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What happens to the source, the brokers and the targets. */
final class ServerFaults {
  private ServerFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("kill -9 the source", field -> killAndRestart(field, field.servers().source())),
        new Fault(
            "terminate the walsender", field -> terminate(field, "backend_type = 'walsender'")),
        new Fault(
            "terminate all of capture's sessions",
            field ->
                terminate(
                    field, "application_name LIKE 'headwater%' OR backend_type = 'walsender'")),
        new Fault(
            "kill -9 a broker",
            field -> killAndRestart(field, field.one(field.servers().log().brokers()))),
        new Fault(
            "SIGSTOP a broker", field -> freeze(field, field.one(field.servers().log().brokers()))),
        new Fault("kill -9 the cache", field -> killAndRestart(field, field.servers().cache())),
        new Fault("kill -9 the cache with all it holds", ServerFaults::emptyCache),
        new Fault("kill -9 the search", field -> killAndRestart(field, field.servers().search())),
        new Fault("SIGSTOP the search", field -> freeze(field, field.servers().search())),
        new Fault("kill -9 the replica", field -> killAndRestart(field, field.servers().replica())),
        new Fault("SIGSTOP the source", field -> freeze(field, field.servers().source())));
  }

  private static void killAndRestart(Field field, DevServer server) throws InterruptedException {
    field.linger(0, 500);
    server.kill();
    field.linger(0, 3_000);
    server.restart();
  }

  private static void freeze(Field field, DevServer server) throws InterruptedException {
    server.suspend();
    field.linger(1_000, 10_000);
    server.resume();
  }

  /** Those that need a disk which can be full. */
  static List<Fault> ofDisks(Servers servers) {
    List<Fault> faults = new ArrayList<>();
    servers
        .sourceDisk()
        .ifPresent(
            disk ->
                faults.add(
                    new Fault("fill the source's disk", f -> fill(f, disk, servers.source()))));
    servers
        .brokerDisk()
        .ifPresent(
            disk ->
                faults.add(
                    new Fault(
                        "fill a broker's disk",
                        f -> fill(f, disk, servers.log().brokers().get(0)))));
    servers
        .cacheDisk()
        .ifPresent(
            disk ->
                faults.add(
                    new Fault("fill the cache's disk", f -> fill(f, disk, servers.cache()))));
    return faults;
  }

  /** Some servers end where they cannot write; whoever looks after them starts them again. */
  private static void fill(Field field, Disk disk, DevServer server) throws Exception {
    disk.fill();
    field.linger(2_000, 8_000);
    disk.empty();
    field.linger(0, 2_000);
    if (!server.isAlive()) {
      server.restart();
    }
  }

  private static void emptyCache(Field field) throws Exception {
    field.servers().cache().kill();
    field.servers().emptyCacheFiles();
    field.linger(0, 1_000);
    field.servers().cache().restart();
  }

  private static void terminate(Field field, String which) throws Exception {
    try (Connection connection = field.servers().connectToSource();
        Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + which);
    }
  }
}

package dev.headwater.log.embedded;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;

/**
 * What the address file says of the broker that runs on a directory: written when it is ready,
 * taken away when it ends, left behind when it is killed.
 *
 * @param bootstrapServers what clients connect to
 * @param processId the process it runs in
 * @param clusterId which log it is, so that another Kafka on a port used again is not taken for it
 */
record BrokerAddress(String bootstrapServers, long processId, String clusterId) {
  private static final String FILE = "address";

  /** Empty where there is none, or one that cannot be understood. */
  static Optional<BrokerAddress> read(Path home) throws IOException {
    Path file = home.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Properties found = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      found.load(in);
      return Optional.of(
          new BrokerAddress(
              found.getProperty("bootstrap_servers", ""),
              Long.parseLong(found.getProperty("pid", "0")),
              found.getProperty("cluster_id", "")));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** In one step: a reader sees all of it or nothing. */
  void write(Path home) throws IOException {
    StringWriter out = new StringWriter();
    out.write("bootstrap_servers=" + bootstrapServers + "\n");
    out.write("pid=" + processId + "\n");
    out.write("cluster_id=" + clusterId + "\n");
    Path next = home.resolve(FILE + ".new");
    Files.writeString(next, out.toString());
    Files.move(next, home.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
  }

  static void delete(Path home) throws IOException {
    Files.deleteIfExists(home.resolve(FILE));
  }

  /** Whether the process it names is still there. */
  boolean isProcessAlive() {
    return ProcessHandle.of(processId).map(ProcessHandle::isAlive).orElse(false);
  }
}

package dev.headwater.log.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * The loopback ports of the broker and its controller: those of the former run while they are free,
 * so that clients in other processes find the broker again after a restart.
 */
record BrokerPorts(int broker, int controller) {
  private static final String FILE = "ports";

  static BrokerPorts choose(Path home) throws IOException {
    Optional<BrokerPorts> former = former(home);
    if (former.isPresent() && isFree(former.get().broker)) {
      // Only the broker itself knows the controller's port: it may change without anybody noticing.
      return isFree(former.get().controller)
          ? former.get()
          : remember(home, new BrokerPorts(former.get().broker, unused()));
    }
    try (ServerSocket first = new ServerSocket(0, 1, loopback());
        ServerSocket second = new ServerSocket(0, 1, loopback())) {
      return remember(home, new BrokerPorts(first.getLocalPort(), second.getLocalPort()));
    }
  }

  private static Optional<BrokerPorts> former(Path home) throws IOException {
    if (!Files.exists(home.resolve(FILE))) {
      return Optional.empty();
    }
    try {
      List<String> lines = Files.readAllLines(home.resolve(FILE));
      return Optional.of(
          new BrokerPorts(Integer.parseInt(lines.get(0)), Integer.parseInt(lines.get(1))));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  private static BrokerPorts remember(Path home, BrokerPorts ports) throws IOException {
    Path next = home.resolve(FILE + ".new");
    Files.write(next, List.of(String.valueOf(ports.broker), String.valueOf(ports.controller)));
    Files.move(next, home.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    return ports;
  }

  private static int unused() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port));
      return true;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }

  private static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }
}

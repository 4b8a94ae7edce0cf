package dev.headwater.devservices;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/** Ports on 127.0.0.1 nobody listens on just now. */
final class LoopbackPorts {
  /**
   * Below the range the kernel hands out for outgoing connections (32768 and up on Linux). A client
   * that tries again and again to reach a killed server would otherwise, sooner or later, be given
   * the server's own port as its source port, connect to itself and keep the server from coming
   * back.
   */
  private static final int LOWEST_INCLUSIVE = 15_000;

  private static final int HIGHEST_EXCLUSIVE = 32_000;
  private static final int ATTEMPTS = 200;

  private LoopbackPorts() {}

  /**
   * A port that could be bound a moment ago. Another process may still be faster: try again then.
   */
  static int free() {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST_INCLUSIVE, HIGHEST_EXCLUSIVE);
      if (isFree(port)) {
        return port;
      }
    }
    throw new DevServerException(
        "No free port on 127.0.0.1 between " + LOWEST_INCLUSIVE + " and " + HIGHEST_EXCLUSIVE);
  }

  /** As {@link #free()}, several ports that all differ. */
  static List<Integer> free(int count) {
    Set<Integer> ports = new LinkedHashSet<>();
    while (ports.size() < count) {
      ports.add(free());
    }
    return List.copyOf(ports);
  }

  /** A port of 127.0.0.1, for a socket. */
  static InetSocketAddress address(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address(port), 1);
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}

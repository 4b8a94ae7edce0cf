package dev.headwater.devservices;

import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Runs servers in containers instead of processes. One that is on the class path as a service is
 * used for every server that can run so: one that keeps no directory of the caller's, and is no
 * node of a {@link KafkaCluster}, whose nodes know each other by ports of this machine.
 */
public interface ServerContainers {
  /**
   * Makes a container; it is not started yet.
   *
   * @param name what runs in it, for messages
   * @param image what to run, and how
   * @param port of 127.0.0.1, under which it is reached from here
   * @throws DevServerException when no engine answers, or the image is not to be had
   */
  ServerContainer create(String name, ServerImage image, int port);

  /** The one on the class path, if there is one. */
  static Optional<ServerContainers> find() {
    return ServiceLoader.load(ServerContainers.class, ServerContainers.class.getClassLoader())
        .findFirst();
  }
}

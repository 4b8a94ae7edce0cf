package dev.headwater.devcontainers;

import dev.headwater.devservices.ServerContainer;
import dev.headwater.devservices.ServerContainers;
import dev.headwater.devservices.ServerImage;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;

/** Containers of the Docker engine that Testcontainers finds. */
public final class DockerContainers implements ServerContainers {
  /** Called by the service loader. */
  public DockerContainers() {}

  @Override
  public ServerContainer create(String name, ServerImage image, int port) {
    return new DockerContainer(name, image, port);
  }

  /** Why no container can be started here; empty when one can. */
  static Optional<String> whyNot() {
    try {
      // An address that the environment names is taken as it is: only an answer shows an engine.
      DockerClientFactory.instance().client().pingCmd().exec();
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of("no Docker engine answers");
    }
  }
}

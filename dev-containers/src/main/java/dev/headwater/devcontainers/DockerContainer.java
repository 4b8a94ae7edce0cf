package dev.headwater.devcontainers;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import dev.headwater.devservices.DevServerException;
import dev.headwater.devservices.ServerContainer;
import dev.headwater.devservices.ServerImage;
import java.io.IOException;
import java.time.Duration;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * One server in a container, reached on a fixed port of 127.0.0.1, which it keeps from start to
 * start. What a test does to a process is done to it by the engine: kill, pause, stop, start.
 */
final class DockerContainer implements ServerContainer {
  private final String name;
  private final ServerImage image;
  private final GenericContainer<?> container;
  private boolean isStartedBefore;

  DockerContainer(String name, ServerImage image, int port) {
    this.name = name;
    this.image = image;
    ExposedPort inside = ExposedPort.tcp(image.port());
    Ports.Binding outside = Ports.Binding.bindIpAndPort("127.0.0.1", port);
    this.container =
        new GenericContainer<>(DockerImageName.parse(image.name()))
            .withEnv(image.environment())
            .withExposedPorts(image.port())
            .withCreateContainerCmdModifier(
                create -> create.getHostConfig().withPortBindings(new PortBinding(outside, inside)))
            .waitingFor(new NoWait());
    if (!image.command().isEmpty()) {
      container.withCommand(image.command().toArray(String[]::new));
    }
  }

  /** Whoever started the server asks whether it answers, and for how long. */
  private static final class NoWait extends AbstractWaitStrategy {
    @Override
    protected void waitUntilReady() {}
  }

  private DockerClient engine() {
    return container.getDockerClient();
  }

  private String id() {
    String id = container.getContainerId();
    if (id == null) {
      throw new DevServerException(name + " has no container");
    }
    return id;
  }

  @Override
  public void start() {
    try {
      if (isStartedBefore) {
        engine().startContainerCmd(id()).exec();
      } else {
        isStartedBefore = true;
        container.start();
      }
    } catch (ContainerLaunchException | DockerException e) {
      throw new DevServerException(
          "The container of %s (%s) does not start: %s".formatted(name, image.name(), reasons(e)),
          e);
    }
  }

  private static String reasons(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable e = failure; e != null; e = e.getCause()) {
      text.append(e.getMessage()).append(". ");
    }
    return text.toString();
  }

  @Override
  public boolean isReady() {
    try {
      return container.execInContainer(image.ready().toArray(String[]::new)).getExitCode() == 0;
    } catch (IOException | DockerException e) {
      return false; // not yet, or not any more: isAlive tells which
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DevServerException("Interrupted while asking whether " + name + " is ready", e);
    }
  }

  @Override
  public String output() {
    return container.getContainerId() == null ? "" : container.getLogs();
  }

  @Override
  public long pid() {
    return engine().inspectContainerCmd(id()).exec().getState().getPidLong();
  }

  @Override
  public boolean isAlive() {
    try {
      return container.getContainerId() != null
          && Boolean.TRUE.equals(engine().inspectContainerCmd(id()).exec().getState().getRunning());
    } catch (NotFoundException removed) {
      return false;
    }
  }

  @Override
  public void kill() {
    resume();
    engine().killContainerCmd(id()).withSignal("KILL").exec();
    awaitEnd(Duration.ofSeconds(10));
  }

  @Override
  public void suspend() {
    engine().pauseContainerCmd(id()).exec();
  }

  @Override
  public void resume() {
    if (Boolean.TRUE.equals(engine().inspectContainerCmd(id()).exec().getState().getPaused())) {
      engine().unpauseContainerCmd(id()).exec();
    }
  }

  @Override
  public boolean stop(String signal, Duration patience) {
    resume();
    try {
      engine().killContainerCmd(id()).withSignal(signal).exec();
    } catch (NotModifiedException alreadyEnded) {
      return true;
    }
    return awaitEnd(patience);
  }

  /** The container goes, and its volumes with it. */
  @Override
  public boolean abandon(Duration patience) {
    container.stop();
    return true;
  }

  private boolean awaitEnd(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (isAlive()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}

package dev.headwater.devservices;

/**
 * A server in a container of its own, made by {@link ServerContainers}. Its data stays in the
 * container from start to start and goes with it, at {@link #abandon}.
 */
public interface ServerContainer extends ServerProcess {
  /** Starts it: the first time from the image, later again on the data it has. */
  void start();

  /** Whether the server in it answers, as the image's {@link ServerImage#ready} tells. */
  boolean isReady();

  /** What the server wrote to its output. */
  String output();
}

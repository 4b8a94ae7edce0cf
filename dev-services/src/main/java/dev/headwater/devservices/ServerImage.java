package dev.headwater.devservices;

import java.util.List;
import java.util.Map;

/**
 * The image a server can run from, and how: nothing but what the official images document.
 *
 * @param variable of the environment, naming another image that starts the same way
 * @param defaultName the official image, taken when the variable is not set
 * @param port the server listens on in its container
 * @param environment for the container
 * @param command for the container; empty for the image's own
 * @param ready a command in the container that succeeds when the server answers
 */
public record ServerImage(
    String variable,
    String defaultName,
    int port,
    Map<String, String> environment,
    List<String> command,
    List<String> ready) {
  /** The image to run, as the environment has it. */
  public String name() {
    String named = System.getenv(variable);
    return named == null || named.isBlank() ? defaultName : named;
  }
}

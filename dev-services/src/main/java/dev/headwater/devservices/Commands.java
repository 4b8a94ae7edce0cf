package dev.headwater.devservices;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Runs a short command to its end; its output is only for the message when it fails. */
final class Commands {
  private Commands() {}

  /** Writes a command's input, which is closed afterwards. */
  @FunctionalInterface
  interface Input {
    void writeTo(OutputStream out) throws IOException;
  }

  static void run(Path directory, List<String> command) throws IOException {
    run(directory, command, nothing -> {});
  }

  static void run(Path directory, List<String> command, Input input) throws IOException {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    try (OutputStream stdin = process.getOutputStream()) {
      input.writeTo(stdin);
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status;
    try {
      status = process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DevServerException("Interrupted while running " + command.get(0), e);
    }
    if (status != 0) {
      throw new IOException(String.join(" ", command) + " ended with " + status + ":\n" + output);
    }
  }
}

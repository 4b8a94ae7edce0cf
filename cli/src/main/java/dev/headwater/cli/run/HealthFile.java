package dev.headwater.cli.run;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * The file that a container's health check looks at: one line per worker of this process, {@code
 * sink/customer-cache running}, written anew every second. What it says and how old it is tell
 * whether the process is well, without a second Java to ask.
 *
 * <p>Named by the environment's {@code HEADWATER_HEALTH_FILE}; without that there is none. Written
 * by the reporter's thread only.
 */
final class HealthFile {
  static final String VARIABLE = "HEADWATER_HEALTH_FILE";

  private final Path file;
  private final Path next;

  private HealthFile(Path file) {
    this.file = file.toAbsolutePath();
    this.next = this.file.resolveSibling(this.file.getFileName() + ".next");
  }

  /**
   * The file that the environment names, if it names one. A former process's file is gone then.
   *
   * @throws HeadwaterException ({@code CONFIGURATION_INVALID}) when it cannot be written there
   */
  static Optional<HealthFile> of(Map<String, String> environment) {
    String name = environment.getOrDefault(VARIABLE, "");
    if (name.isBlank()) {
      return Optional.empty();
    }
    HealthFile health = new HealthFile(Path.of(name));
    try {
      health.write(List.of());
      Files.deleteIfExists(health.file);
    } catch (IOException e) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          VARIABLE + " – " + health.file + " cannot be written",
          "Name a file in a directory that this process may write, such as /tmp.",
          e);
    }
    return Optional.of(health);
  }

  /**
   * Replaces what the file says, in one step. When that fails the file stays as it is and grows
   * old, which is what the check then reports.
   *
   * @param states the state of each worker, by {@code connector/NAME} or {@code sink/NAME}
   */
  void report(Map<String, String> states) {
    try {
      write(states.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList());
    } catch (IOException e) {
      LoggerFactory.getLogger(HealthFile.class)
          .atWarn()
          .addKeyValue("file", file)
          .setCause(e)
          .log("health file not written");
    }
  }

  private void write(List<String> lines) throws IOException {
    Files.write(next, lines);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}

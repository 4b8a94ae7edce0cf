package dev.headwater.cli;

import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that every command has. */
public final class GlobalOptions {
  /** The forms an answer can have. */
  public enum Format {
    text,
    json
  }

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      defaultValue = "connectors.yaml",
      description = "The configuration (default: ${DEFAULT-VALUE}).")
  Path file = Path.of("connectors.yaml");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json; with json, stdout is one JSON object.")
  Format format = Format.text;

  @Option(names = "--no-color", description = "No colours.")
  boolean noColor;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on stderr.")
  boolean quiet;

  @Option(names = "--verbose", description = "Log lines and stack traces on stderr.")
  boolean verbose;

  /** The configuration, loaded and checked. */
  public HeadwaterConfig load() {
    return ConfigLoader.load(file, System.getenv()::get);
  }

  /** Which file that is. */
  public Path file() {
    return file;
  }

  /** Whether stack traces are wanted. */
  public boolean isVerbose() {
    return verbose;
  }

  /** Where the command's words go. */
  public Console console() {
    boolean terminal = System.console() != null && System.getenv("NO_COLOR") == null;
    return new Console(System.out, System.err, format == Format.json, terminal && !noColor, quiet);
  }
}
